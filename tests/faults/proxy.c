/*
 * A network that fails on purpose: stands between a client and a PostgreSQL server, knows just
 * enough of the protocol to see a COMMIT go by, and loses it, its answer, or everything.
 *
 *     proxy LISTEN SERVER [FAULT N [AFTERWARDS]]
 *
 * LISTEN and SERVER are paths of Unix sockets, on which libpq speaks plain text. FAULT happens at
 * the N-th COMMIT seen, over all connections, once:
 *
 *     drop-before   the connection is closed, the server never sees the COMMIT
 *     drop-after    the server answers the COMMIT, then the connection is closed
 *     hole-before   from the COMMIT on nothing gets through, and nobody is told
 *     hole-after    the server gets the COMMIT, its answer and all the rest is lost
 *
 * SIGUSR1 is a hole for all connections of that moment. AFTERWARDS new connections are `served`
 * (the default), `refused`, or a `hole` as well. Prints a line for each event, so that a test can
 * wait for it: "ready", "commit N" ("commit N alone" for one that is a trip of its own), "fault".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/number.h"

enum { MOST_LINKS = 200, SLICE_MS = 50, HEAD = 5, START_HEAD = 4, CODE_END = 8 };

/* The codes of a first packet that asks for encryption: refused with one byte. */
enum { SSL_REQUEST = 80877103, GSS_REQUEST = 80877104 };

enum fault { NONE, DROP_BEFORE, DROP_AFTER, HOLE_BEFORE, HOLE_AFTER };
static const char *const fault_names[] = {"none", "drop-before", "drop-after", "hole-before",
					  "hole-after"};
enum afterwards { SERVED, REFUSED, HOLE };
static const char *const afterwards_names[] = {"served", "refused", "hole"};

/* One of the two sockets of a link. */
struct end {
	int fd;            /* -1 = closed */
	struct bk_buf in;  /* read, and not yet a whole message */
	struct bk_buf out; /* to be written */
};

struct link {
	struct end client;
	struct end server;
	bool started; /* the first packet, which has no type, is through */
	bool midway;  /* the client is in the middle of a trip */
	bool muted;   /* the COMMIT went to the server, and what it answers is lost */
	bool hole;    /* what comes is read and forgotten */
};

struct proxy {
	const char *server;
	int listener;
	enum fault fault;
	enum afterwards afterwards;
	int64_t nth;
	int64_t commits;
	bool hole; /* new connections fall into it */
	struct link links[MOST_LINKS];
	size_t count;
};

static volatile sig_atomic_t hole_wanted;

static void on_signal(int number)
{
	hole_wanted = number;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "proxy: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say(const char *what)
{
	if (puts(what) == EOF || fflush(stdout) == EOF)
		die("stdout");
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	BK_ASSERT(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	return address;
}

static int listen_at(const char *path)
{
	const struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, MOST_LINKS))
		die(path);
	return fd;
}

static void close_end(struct end *end)
{
	if (end->fd >= 0)
		(void)close(end->fd);
	bk_buf_clear(&end->in);
	bk_buf_clear(&end->out);
	end->fd = -1;
}

static void drop(struct link *link)
{
	close_end(&link->client);
	close_end(&link->server);
}

static uint32_t number_at(const char *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void forget(struct bk_buf *buf, size_t len)
{
	memmove(buf->data, buf->data + len, buf->len - len);
	buf->len -= len;
}

static void afterwards(struct proxy *proxy)
{
	proxy->fault = NONE;
	proxy->hole = proxy->afterwards == HOLE;
	if (proxy->afterwards == REFUSED && proxy->listener >= 0) {
		(void)close(proxy->listener);
		proxy->listener = -1;
	}
	say("fault");
}

static void accept_link(struct proxy *proxy)
{
	const struct sockaddr_un address = address_of(proxy->server);
	struct link link = {.client = {.fd = accept(proxy->listener, NULL, NULL)},
			    .hole = proxy->hole};

	if (link.client.fd < 0)
		return;
	link.server.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	BK_ASSERT(proxy->count < MOST_LINKS);
	if (link.server.fd < 0)
		die("socket");
	/* A server that is down refuses the client in its own way. */
	if (connect(link.server.fd, (const struct sockaddr *)&address, sizeof(address))) {
		drop(&link);
		return;
	}
	if (fcntl(link.client.fd, F_SETFL, O_NONBLOCK) ||
	    fcntl(link.server.fd, F_SETFL, O_NONBLOCK))
		die("fcntl");
	proxy->links[proxy->count++] = link;
}

/* A simple query, or a Parse without a name: the text follows the head, or its empty name. */
static bool is_commit(const char *message, size_t len)
{
	static const char word[] = "COMMIT";
	size_t start = *message == 'Q' ? HEAD : HEAD + 1;

	return (*message == 'Q' || *message == 'P') && len >= start + sizeof(word) &&
	       memcmp(message + start, word, sizeof(word)) == 0;
}

/* True when this COMMIT is the one, and the message is not to be passed on. */
static bool fault_at_commit(struct proxy *proxy, struct link *link)
{
	char text[40];

	(void)snprintf(text, sizeof(text), "commit %jd%s", (intmax_t)++proxy->commits,
		       link->midway ? "" : " alone");
	say(text);
	if (proxy->fault == NONE || proxy->commits != proxy->nth)
		return false;
	if (proxy->fault == DROP_AFTER || proxy->fault == HOLE_AFTER) {
		link->muted = true;
		return false;
	}
	if (proxy->fault == DROP_BEFORE)
		drop(link);
	else
		link->hole = true;
	afterwards(proxy);
	return true;
}

/* The length of the message at the start of `in`, 0 = it is not whole yet. */
static size_t whole_message(const struct bk_buf *in, bool started)
{
	size_t head = started ? HEAD : START_HEAD;
	size_t len;

	if (in->len < head)
		return 0;
	len = number_at(in->data + (started ? 1 : 0)) + (size_t)(started ? 1 : 0);
	return in->len < len ? 0 : len;
}

static void start(struct link *link, size_t len)
{
	uint32_t code = len >= CODE_END ? number_at(link->client.in.data + START_HEAD) : 0;

	if (code == SSL_REQUEST || code == GSS_REQUEST) {
		bk_buf_char(&link->client.out, 'N');
		return;
	}
	bk_buf_bytes(&link->server.out, link->client.in.data, len);
	link->started = true;
}

static void pass_on(struct link *link, size_t len)
{
	link->midway = *link->client.in.data != 'S';
	bk_buf_bytes(&link->server.out, link->client.in.data, len);
}

static void from_client(struct proxy *proxy, struct link *link)
{
	struct bk_buf *in = &link->client.in;
	size_t len;

	while (!link->hole && (len = whole_message(in, link->started))) {
		if (!link->started)
			start(link, len);
		else if (is_commit(in->data, len) && fault_at_commit(proxy, link))
			return;
		else
			pass_on(link, len);
		forget(in, len);
	}
}

/* The server is through with the COMMIT when it is ready for a query again. */
static void from_server(struct proxy *proxy, struct link *link)
{
	struct bk_buf *in = &link->server.in;
	size_t len;

	while (!link->hole && (len = whole_message(in, true))) {
		bool ready = *in->data == 'Z';

		if (!link->muted)
			bk_buf_bytes(&link->client.out, in->data, len);
		forget(in, len);
		if (!link->muted || !ready)
			continue;
		if (proxy->fault == DROP_AFTER)
			drop(link);
		else
			link->hole = true;
		afterwards(proxy);
		return;
	}
}

/* Reads what is there; false = the other side has closed. */
static bool read_end(struct end *end, bool forgotten)
{
	char bytes[16384];
	ssize_t got = read(end->fd, bytes, sizeof(bytes));

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!forgotten)
		bk_buf_bytes(&end->in, bytes, (size_t)got);
	return got > 0;
}

static bool write_end(struct end *end)
{
	ssize_t put = write(end->fd, end->out.data, end->out.len);

	if (put < 0)
		return errno == EAGAIN || errno == EINTR;
	forget(&end->out, (size_t)put);
	return true;
}

/* One side is gone; its last words still reach the other. Through a hole nothing does. */
static void end_of(struct link *link, struct end *end)
{
	struct end *other = end == &link->client ? &link->server : &link->client;

	if (link->hole) {
		close_end(end);
		return;
	}
	if (other->fd >= 0 && other->out.len)
		(void)write_end(other);
	drop(link);
}

static void serve_end(struct proxy *proxy, struct link *link, struct end *end, short events)
{
	if (end->fd >= 0 && (events & POLLOUT) && !write_end(end))
		end_of(link, end);
	if (end->fd < 0 || !(events & (POLLIN | POLLHUP | POLLERR)))
		return;
	if (!read_end(end, link->hole))
		end_of(link, end);
	else if (end == &link->client)
		from_client(proxy, link);
	else
		from_server(proxy, link);
}

static struct pollfd watch(const struct end *end)
{
	return (struct pollfd){.fd = end->fd,
			       .events = (short)(POLLIN | (end->out.len ? POLLOUT : 0))};
}

/* Waits, and serves what has something to say; links that are gone leave the list. */
static void turn(struct proxy *proxy)
{
	struct pollfd fds[2 * MOST_LINKS + 1];
	size_t count = proxy->count;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		fds[2 * i] = watch(&proxy->links[i].client);
		fds[2 * i + 1] = watch(&proxy->links[i].server);
	}
	fds[2 * count] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
	if (poll(fds, (nfds_t)(2 * count + 1), SLICE_MS) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		struct link *link = &proxy->links[i];

		serve_end(proxy, link, &link->client, fds[2 * i].revents);
		serve_end(proxy, link, &link->server, fds[2 * i + 1].revents);
		if (link->client.fd >= 0 || link->server.fd >= 0)
			proxy->links[kept++] = *link;
	}
	proxy->count = kept;
	if (fds[2 * count].revents & POLLIN && proxy->listener >= 0)
		accept_link(proxy);
}

static void open_hole(struct proxy *proxy)
{
	hole_wanted = 0;
	for (size_t i = 0; i < proxy->count; i++)
		proxy->links[i].hole = true;
	afterwards(proxy);
}

static int word_of(const char *const *words, int count, const char *word)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	(void)fprintf(stderr, "proxy: %s is no word that I know\n", word);
	exit(64);
}

int main(int argc, char **argv)
{
	static struct proxy proxy;

	if (argc < 3 || argc == 4 || argc > 6 || (argc > 4 && !bk_parse_u63(argv[4], &proxy.nth))) {
		(void)fputs("usage: proxy LISTEN SERVER [FAULT N [AFTERWARDS]]\n", stderr);
		return 64;
	}
	if (argc > 3)
		proxy.fault = (enum fault)word_of(fault_names, HOLE_AFTER + 1, argv[3]);
	if (argc > 5)
		proxy.afterwards = (enum afterwards)word_of(afterwards_names, HOLE + 1, argv[5]);
	proxy.server = argv[2];
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGUSR1, on_signal);
	proxy.listener = listen_at(argv[1]);
	say("ready");
	for (;;) {
		turn(&proxy);
		if (hole_wanted)
			open_hole(&proxy);
	}
}
