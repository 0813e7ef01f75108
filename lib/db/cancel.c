/*
 * Asking the server to end the statement in flight. PQcancel() makes a
 * connection of its own and blocks until the server closes it, which a frozen
 * machine never does. So a thread calls it, and the end of a pipe says when it
 * is through; whoever no longer waits for that gives the connection up.
 */
#include "db/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

struct request {
	PGcancel *cancel;
	int done; /* closed when the request was taken */
};

static void *send_request(void *arg)
{
	struct request *r = arg;
	char text[256];

	(void)PQcancel(r->cancel, text, sizeof(text));
	PQfreeCancel(r->cancel);
	(void)close(r->done);
	free(r);
	return NULL;
}

/* Detached, and deaf to signals: they are for the thread that polls. */
static bool start_thread(struct request *r)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	bool started;

	if (pthread_attr_init(&attributes))
		return false;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
		  pthread_create(&thread, &attributes, send_request, r) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	return started;
}

int bk_db_cancel_start(PGconn *conn)
{
	PGcancel *cancel = PQgetCancel(conn);
	struct request *r;
	int ends[2];

	if (!cancel)
		return -1;
	if (pipe(ends)) {
		PQfreeCancel(cancel);
		return -1;
	}
	(void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	r = bk_calloc(1, sizeof(*r));
	*r = (struct request){cancel, ends[1]};
	if (start_thread(r))
		return ends[0];
	PQfreeCancel(cancel);
	(void)close(ends[0]);
	(void)close(ends[1]);
	free(r);
	return -1;
}

bool bk_db_cancel_finish(int fd, int64_t timeout_ms)
{
	struct pollfd end = {.fd = fd, .events = POLLIN};
	int ready;

	do
		ready = poll(&end, 1, timeout_ms > 0 ? (int)timeout_ms : 0);
	while (ready < 0 && errno == EINTR);
	(void)close(fd);
	return ready > 0;
}
