/*
 * Child processes; see child.h. Standard error is a pipe: its end of file is also
 * how the end of the child is noticed, so that every wait is a poll().
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

/* Where a signal came just before a wait began, it is seen after this time. */
#define LOOK_MS 200
/* What is beyond it is not for a message. */
#define SAID_MOST ((size_t)16 << 10)

enum bk_rc bk_pipe(int ends[2], struct bk_error *err)
{
	int made[2];

	if (pipe(made))
		return bk_error_set(err, BK_E_IO, "cannot make a pipe: %s", strerror(errno));
	(void)fcntl(made[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(made[1], F_SETFD, FD_CLOEXEC);
	memcpy(ends, made, sizeof(made));
	return BK_OK;
}

static int put_stream(posix_spawn_file_actions_t *actions, int fd, int number)
{
	return fd >= 0 ? posix_spawn_file_actions_adddup2(actions, fd, number)
		       : posix_spawn_file_actions_addopen(
				 actions, number, "/dev/null",
				 number == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
}

/* What bk ignores or catches is the child's usual again. */
static int put_signals(posix_spawnattr_t *attr)
{
	static const int ours[] = {SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGUSR1};
	sigset_t usual;
	sigset_t none;
	int rc;

	(void)sigemptyset(&none);
	(void)sigemptyset(&usual);
	for (size_t i = 0; i < BK_COUNT(ours); i++)
		(void)sigaddset(&usual, ours[i]);
	if ((rc = posix_spawnattr_setsigdefault(attr, &usual)) ||
	    (rc = posix_spawnattr_setsigmask(attr, &none)))
		return rc;
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

/* An errno. posix_spawn() changes neither argv nor env; its prototype is of 1988. */
static int spawn(const struct bk_child_spec *spec, int words, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc;

	if ((rc = posix_spawnattr_init(&attr)))
		return rc;
	if ((rc = posix_spawn_file_actions_init(&actions))) {
		(void)posix_spawnattr_destroy(&attr);
		return rc;
	}
	if (!(rc = put_stream(&actions, spec->in, STDIN_FILENO)) &&
	    !(rc = put_stream(&actions, spec->out, STDOUT_FILENO)) &&
	    !(rc = put_stream(&actions, words, STDERR_FILENO)) && !(rc = put_signals(&attr)))
		rc = posix_spawnp(ret, spec->argv[0], &actions, &attr, (char *const *)spec->argv,
				  (char *const *)spec->env);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	return rc;
}

enum bk_rc bk_child_start(const struct bk_child_spec *spec, struct bk_child *ret,
			  struct bk_error *err)
{
	int ends[2];
	pid_t pid = 0;
	enum bk_rc rc;
	int failed;

	if ((rc = bk_pipe(ends, err)))
		return rc;
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	failed = spawn(spec, ends[1], &pid);
	(void)close(ends[1]);
	if (failed) {
		(void)close(ends[0]);
		return bk_error_set(err, BK_E_CONFIG, "cannot start %s: %s", spec->argv[0],
				    strerror(failed));
	}
	*ret = (struct bk_child){spec->argv[0], pid, ends[0], BK_BUF_INIT};
	return BK_OK;
}

static int reap(struct bk_child *child)
{
	int status = -1;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
	return status;
}

void bk_child_end(struct bk_child *child)
{
	if (child->pid) {
		(void)kill(child->pid, SIGTERM);
		(void)reap(child);
		bk_close_fd(&child->words);
	}
	bk_buf_clear(&child->said);
}

/* Takes what it has said by now; false at the end. */
static bool listen_to(struct bk_child *child)
{
	char block[1024];
	ssize_t n;

	while ((n = read(child->words, block, sizeof(block))) > 0)
		if (child->said.len < SAID_MOST)
			bk_buf_bytes(&child->said, block, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static enum bk_rc check_stop(const struct bk_child *child, bk_stop stop, struct bk_error *err)
{
	int number = stop ? *stop : 0;

	if (!number)
		return BK_OK;
	return bk_error_set(err, number == SIGTERM ? BK_E_TERMINATED : BK_E_INTERRUPTED,
			    "ended while %s was at work", child->name);
}

/* Behind the mark; NULL = it is not there. */
static const char *behind(const char *text, const char *mark)
{
	const char *found = strstr(text, mark);

	return found ? found + strlen(mark) : NULL;
}

void bk_child_complaint(struct bk_buf *out, const char *said)
{
	const char *found = behind(said, "error: ");

	/* A server's message: "ERROR:  ", in whatever language. */
	found = found ? found : behind(said, ":  ");
	if (!found) {
		found = said;
		for (const char *p = said; *p; p += strcspn(p, "\n"), p += *p == '\n')
			if (*p != '\n')
				found = p;
	}
	bk_buf_bytes(out, found, strcspn(found, "\n"));
}

static enum bk_rc judge(struct bk_child *child, int status, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf why = BK_BUF_INIT;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return BK_OK;
	bk_child_complaint(&why, bk_buf_cstr(&child->said));
	if (WIFSIGNALED(status))
		return bk_error_set(err, BK_E_RUN, "%s was killed by signal %d", child->name,
				    WTERMSIG(status));
	if (why.len)
		return bk_error_set(err, BK_E_RUN, "%s: %s", child->name, bk_buf_cstr(&why));
	return bk_error_set(err, BK_E_RUN, "%s ended with status %d", child->name,
			    WEXITSTATUS(status));
}

enum bk_rc bk_child_wait(struct bk_child *child, bk_stop stop, struct bk_error *err)
{
	struct pollfd at = {.fd = child->words, .events = POLLIN};
	enum bk_rc rc = BK_OK;
	int status;

	while (!(rc = check_stop(child, stop, err)) && listen_to(child))
		(void)poll(&at, 1, LOOK_MS);
	if (rc)
		(void)kill(child->pid, SIGTERM);
	status = reap(child);
	bk_close_fd(&child->words);
	return rc ? rc : judge(child, status, err);
}

/* Until the descriptor is ready, listening to the child meanwhile. */
static enum bk_rc wait_for(struct bk_child *child, int fd, short events, bk_stop stop,
			   struct bk_error *err)
{
	struct pollfd at[] = {{.fd = fd, .events = events}, {.fd = child->words, .events = POLLIN}};
	enum bk_rc rc;

	do {
		if ((rc = check_stop(child, stop, err)))
			return rc;
		at[0].revents = 0;
		(void)poll(at, BK_COUNT(at), LOOK_MS);
		/* One that closed its standard error would make poll() return at once. */
		if (!listen_to(child))
			at[1].fd = -1;
	} while (!at[0].revents);
	return BK_OK;
}

enum bk_rc bk_child_read(struct bk_child *child, int from, char *block, size_t size, size_t *ret,
			 bk_stop stop, struct bk_error *err)
{
	enum bk_rc rc;
	ssize_t n;

	do {
		if ((rc = wait_for(child, from, POLLIN, stop, err)))
			return rc;
		n = read(from, block, size);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return bk_error_set(err, BK_E_IO, "cannot read what %s writes: %s", child->name,
				    strerror(errno));
	*ret = (size_t)n;
	return BK_OK;
}

/* Nobody reads any more: it has ended, or is about to. */
static enum bk_rc gone(struct bk_child *child, bk_stop stop, struct bk_error *err)
{
	enum bk_rc rc = bk_child_wait(child, stop, err);

	return rc ? rc : bk_error_set(err, BK_E_RUN, "%s ended too early", child->name);
}

enum bk_rc bk_child_feed(struct bk_child *child, int to, const char *text, size_t len, bk_stop stop,
			 struct bk_error *err)
{
	enum bk_rc rc;

	(void)fcntl(to, F_SETFL, O_NONBLOCK);
	while (len) {
		ssize_t n;

		if ((rc = wait_for(child, to, POLLOUT, stop, err)))
			return rc;
		n = write(to, text, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0 && errno == EPIPE)
			return gone(child, stop, err);
		if (n < 0)
			return bk_error_set(err, BK_E_IO, "cannot write to %s: %s", child->name,
					    strerror(errno));
		text += n;
		len -= (size_t)n;
	}
	return BK_OK;
}

static enum bk_rc read_all(struct bk_child *child, int from, struct bk_buf *out, bk_stop stop,
			   struct bk_error *err)
{
	char block[8192];
	size_t n = 1;
	enum bk_rc rc = BK_OK;

	while (!rc && n) {
		rc = bk_child_read(child, from, block, sizeof(block), &n, stop, err);
		if (!rc)
			bk_buf_bytes(out, block, n);
	}
	return rc;
}

enum bk_rc bk_child_run(const struct bk_child_spec *spec, struct bk_buf *out, bk_stop stop,
			struct bk_error *err)
{
	BK_CLEAN(bk_child_end) struct bk_child child = {.pid = 0};
	BK_CLEAN(bk_close_fd) int from = -1;
	struct bk_child_spec own = *spec;
	int ends[2];
	enum bk_rc rc;

	if (out) {
		if ((rc = bk_pipe(ends, err)))
			return rc;
		from = ends[0];
		own.out = ends[1];
	}
	rc = bk_child_start(&own, &child, err);
	if (out)
		(void)close(ends[1]);
	if (!rc && out)
		rc = read_all(&child, from, out, stop, err);
	return rc ? rc : bk_child_wait(&child, stop, err);
}
