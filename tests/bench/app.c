/*
 * An application that goes on working while something else is at the same
 * bookings: updates of single rows by key at a fixed rate, on several
 * connections, whether or not the ones before were answered.
 *
 *     app CONNINFO RATE KEYS UPDATE -- COMMAND [ARG]...
 *
 * KEYS is a SELECT of the keys, of which each UPDATE gets one by chance as $1.
 * After WARM updates COMMAND is run; when it has ended and the updates that
 * fell due meanwhile are answered, prints one line: how many these were, and
 * their latency in microseconds: median, 99th percentile, maximum. It counts
 * from the instant at which the update was due, not from when a connection was
 * free for it: a queue is what a customer waits in.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>

enum { CLIENTS = 8, WARM = 100 };

extern char **environ;

struct client {
	PGconn *conn;
	int64_t due_us; /* of the update at work, since the start; -1 = idle */
};

struct app {
	struct client clients[CLIENTS];
	PGresult *keys;
	uint64_t chance;
	int64_t rate;
	int64_t start_us;
	int64_t sent;     /* updates handed to a connection */
	int64_t from_us;  /* COMMAND's life; -1 = not yet */
	int64_t until_us; /* -1 = not yet */
	pid_t command;
	int64_t *latencies; /* of updates that fell due in COMMAND's life */
	size_t count;
	size_t capacity;
};

static int64_t clock_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "app: %s: %s%s", what, why, strchr(why, '\n') ? "" : "\n");
	return false;
}

static int64_t now_us(const struct app *app)
{
	return clock_us() - app->start_us;
}

/* When the next update falls due. */
static int64_t next_us(const struct app *app)
{
	return app->sent * 1000000 / app->rate;
}

/* xorshift64: any key, the same ones in each run. */
static int next_key(struct app *app)
{
	app->chance ^= app->chance << 13;
	app->chance ^= app->chance >> 7;
	app->chance ^= app->chance << 17;
	return (int)(app->chance % (uint64_t)PQntuples(app->keys));
}

static bool connect_all(struct app *app, const char *conninfo, const char *update)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct client *c = &app->clients[i];
		PGresult *result;
		ExecStatusType status;

		c->conn = PQconnectdb(conninfo);
		c->due_us = -1;
		result = PQprepare(c->conn, "update", update, 0, NULL);
		status = PQresultStatus(result);
		PQclear(result);
		if (status != PGRES_COMMAND_OK)
			return fail("prepare", PQerrorMessage(c->conn));
	}
	return true;
}

static bool load_keys(struct app *app, const char *select)
{
	app->keys = PQexec(app->clients[0].conn, select);
	if (PQresultStatus(app->keys) != PGRES_TUPLES_OK)
		return fail("keys", PQerrorMessage(app->clients[0].conn));
	return PQntuples(app->keys) > 0 || fail("keys", "there are none");
}

static bool send_due(struct app *app, struct client *c)
{
	const char *const key = PQgetvalue(app->keys, next_key(app), 0);

	c->due_us = next_us(app);
	app->sent++;
	return PQsendQueryPrepared(c->conn, "update", 1, &key, NULL, NULL, 0) ||
	       fail("update", PQerrorMessage(c->conn));
}

static bool note(struct app *app, const struct client *c)
{
	if (app->from_us < 0 || c->due_us < app->from_us ||
	    (app->until_us >= 0 && c->due_us > app->until_us))
		return true;
	if (app->count == app->capacity) {
		size_t more = app->capacity ? 2 * app->capacity : 1024;
		int64_t *grown = realloc(app->latencies, more * sizeof(*grown));

		if (!grown)
			return fail("latencies", "out of memory");
		app->latencies = grown;
		app->capacity = more;
	}
	app->latencies[app->count++] = now_us(app) - c->due_us;
	return true;
}

static bool receive(struct app *app, struct client *c)
{
	if (!PQconsumeInput(c->conn))
		return fail("update", PQerrorMessage(c->conn));
	while (!PQisBusy(c->conn)) {
		PGresult *result = PQgetResult(c->conn);
		ExecStatusType status = PQresultStatus(result);

		if (!result) {
			bool ok = note(app, c);

			c->due_us = -1;
			return ok;
		}
		PQclear(result);
		if (status != PGRES_COMMAND_OK)
			return fail("update", PQerrorMessage(c->conn));
	}
	return true;
}

/* Waits for an answer, for the next update to fall due, or for 10 ms, in which the command may
   end. */
static bool wait_a_little(struct app *app, bool idle, fd_set *readable)
{
	int64_t wait = next_us(app) - now_us(app);
	struct timespec timeout = {0, 10000000};
	int most = 0;

	if (idle && wait < 10000)
		timeout.tv_nsec = wait > 0 ? wait * 1000 : 0;
	FD_ZERO(readable);
	for (int i = 0; i < CLIENTS; i++) {
		int fd = PQsocket(app->clients[i].conn);

		if (fd < 0)
			return fail("update", PQerrorMessage(app->clients[i].conn));
		FD_SET(fd, readable);
		most = fd > most ? fd : most;
	}
	if (pselect(most + 1, readable, NULL, NULL, &timeout, NULL) < 0)
		return fail("pselect", strerror(errno));
	return true;
}

static bool start_command(struct app *app, char **argv)
{
	posix_spawn_file_actions_t quiet;
	int error;

	if (posix_spawn_file_actions_init(&quiet) ||
	    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0))
		return fail("spawn", "out of memory");
	app->from_us = now_us(app);
	error = posix_spawnp(&app->command, argv[0], &quiet, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&quiet);
	return !error || fail(argv[0], strerror(error));
}

static bool watch_command(struct app *app, char **argv)
{
	int status;
	pid_t pid;

	if (app->from_us < 0)
		return app->sent < WARM || start_command(app, argv);
	if (app->until_us >= 0)
		return true;
	pid = waitpid(app->command, &status, WNOHANG);
	if (pid == 0)
		return true;
	app->until_us = now_us(app);
	return (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	       fail(argv[0], "did not end with status 0");
}

/* Whether every update that fell due in the command's life is answered. */
static bool is_done(const struct app *app)
{
	if (app->until_us < 0 || next_us(app) <= app->until_us)
		return false;
	for (int i = 0; i < CLIENTS; i++)
		if (app->clients[i].due_us >= 0 && app->clients[i].due_us <= app->until_us)
			return false;
	return true;
}

static bool run(struct app *app, char **argv)
{
	app->start_us = clock_us();
	while (!is_done(app)) {
		fd_set readable;
		bool idle = false;

		for (int i = 0; i < CLIENTS; i++) {
			struct client *c = &app->clients[i];

			if (c->due_us < 0 && next_us(app) <= now_us(app) && !send_due(app, c))
				return false;
			idle = idle || c->due_us < 0;
		}
		if (!watch_command(app, argv) || !wait_a_little(app, idle, &readable))
			return false;
		for (int i = 0; i < CLIENTS; i++)
			if (app->clients[i].due_us >= 0 &&
			    FD_ISSET(PQsocket(app->clients[i].conn), &readable) &&
			    !receive(app, &app->clients[i]))
				return false;
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool print(struct app *app)
{
	size_t n = app->count;

	if (n == 0)
		return fail("latencies", "no update fell due while the command ran");
	qsort(app->latencies, n, sizeof(*app->latencies), compare);
	return printf("%zu %" PRId64 " %" PRId64 " %" PRId64 "\n", n, app->latencies[(n - 1) / 2],
		      app->latencies[(n - 1) * 99 / 100], app->latencies[n - 1]) > 0;
}

int main(int argc, char **argv)
{
	static struct app app = {
		.chance = 88172645463325252U, .from_us = -1, .until_us = -1, .command = -1};
	bool ok;

	if (argc < 7 || strcmp(argv[5], "--") != 0 || (app.rate = strtol(argv[2], NULL, 10)) < 1) {
		(void)fprintf(stderr, "usage: app CONNINFO RATE KEYS UPDATE -- COMMAND [ARG]...\n");
		return 64;
	}
	ok = connect_all(&app, argv[1], argv[4]) && load_keys(&app, argv[3]) &&
	     run(&app, argv + 6) && print(&app);
	if (app.command > 0 && app.until_us < 0)
		(void)kill(app.command, SIGKILL);
	PQclear(app.keys);
	for (int i = 0; i < CLIENTS; i++)
		PQfinish(app.clients[i].conn);
	free(app.latencies);
	return !ok;
}
