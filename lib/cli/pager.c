/*
 * The pager; see pager.h. It reads the temporary file itself, so that there is no pipe
 * that could break when it is quit.
 */
#include "cli/pager.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/terminal.h"

#define USUAL "less"

extern char **environ;

const char *bk_pager_command(const char *pager, const char *term)
{
	if (!pager)
		return bk_terminal_can_move(term) ? USUAL : NULL;
	pager += strspn(pager, " \t");
	return *pager && strcmp(pager, "cat") != 0 ? pager : NULL;
}

int64_t bk_pager_lines(const char *text, int width)
{
	int64_t lines = 0;
	int64_t column = 0;

	for (; *text; text++) {
		bool ends = *text == '\n';

		/* The bytes of a character behind its first take no room. */
		column += !ends && ((unsigned char)*text & 0xC0) != 0x80;
		if (ends || (width > 0 && column > width)) {
			lines++;
			column = !ends;
		}
	}
	return lines + (column > 0);
}

/* An unnamed file that cannot be made is no reason not to show the text. */
struct bk_pager bk_pager_begin(struct bk_app *app)
{
	struct bk_pager pager = {.app = app};
	bool for_people = app->format == BK_OUT_DEFAULT || app->format == BK_OUT_TABLE;

	if (for_people && app->out_is_terminal && isatty(STDIN_FILENO) &&
	    bk_pager_command(getenv("PAGER"), getenv("TERM")))
		pager.spool = tmpfile();
	return pager;
}

void bk_pager_clear(struct bk_pager *pager)
{
	if (pager->spool)
		(void)fclose(pager->spool); /* what matters was looked at by bk_pager_end */
	pager->spool = NULL;
}

static enum bk_rc spool_error(struct bk_app *app)
{
	return bk_error_set(&app->err, BK_E_IO, "cannot write to a temporary file: %s",
			    strerror(errno));
}

enum bk_rc bk_pager_write(struct bk_pager *pager, const struct bk_buf *text)
{
	struct bk_app *app = pager->app;

	if (!pager->spool)
		return bk_app_write(app, text);
	if (text->broken)
		return bk_error_set(&app->err, BK_E_INTERNAL, "the output is too large");
	pager->lines += bk_pager_lines(bk_buf_cstr(text), app->out_width);
	errno = 0;
	if (fwrite(bk_buf_cstr(text), 1, text->len, pager->spool) == text->len)
		return BK_OK;
	return spool_error(app);
}

static enum bk_rc print(struct bk_pager *pager)
{
	char block[8192];
	size_t n;
	enum bk_rc rc = BK_OK;

	rewind(pager->spool);
	while (!rc && (n = fread(block, 1, sizeof(block), pager->spool)) > 0) {
		BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

		bk_buf_bytes(&text, block, n);
		rc = bk_app_write(pager->app, &text);
	}
	if (!rc && ferror(pager->spool))
		return bk_error_set(&pager->app->err, BK_E_IO, "cannot read a temporary file");
	return rc;
}

/* What the user has set stays. The usual pager leaves the text on the screen, and starts no
   other program for somebody who was let into this one only. */
static void set_defaults(void)
{
	(void)setenv("LESS", "FRX", 0);
	(void)setenv("LESSSECURE", "1", 0);
	(void)setenv("LV", "-c", 0);
}

/* A plain command takes the place of its shell, so that a signal reaches it. */
static void write_command(struct bk_buf *out, const char *command, bool usual)
{
	bool plain = !command[strcspn(command, ";&|()<>{}!=\n")];

	bk_buf_fmt(out, "%s%s", plain && !usual ? "exec " : "", command);
}

/* By the shell, which knows quotes and variables; of the usual one it is asked here whether
   it is there. An errno. */
static int start(const char *command, int from, pid_t *ret)
{
	char shell[] = "sh";
	char option[] = "-c";
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	char *by_shell[] = {shell, option, NULL, NULL};
	char *alone[] = {NULL, NULL};
	bool usual = strcmp(command, USUAL) == 0;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t ours;
	int rc;

	write_command(&text, command, usual);
	by_shell[2] = alone[0] = text.data;
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGQUIT);
	(void)sigaddset(&ours, SIGPIPE);
	if ((rc = posix_spawnattr_init(&attr)))
		return rc;
	if ((rc = posix_spawn_file_actions_init(&actions))) {
		(void)posix_spawnattr_destroy(&attr);
		return rc;
	}
	rc = posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(&attr, &ours);
	if (!rc)
		rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	if (!rc)
		rc = posix_spawnp(ret, usual ? USUAL : shell, &actions, &attr,
				  usual ? alone : by_shell, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	return rc;
}

/* Until the reader is done. A signal to end is for the pager, too, which knows in what
   state the terminal is. Its exit status, or -1 where it was killed. */
static int wait_for(const struct bk_app *app, pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		if (*app->interrupted)
			(void)kill(pid, SIGTERM);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* At the terminal Ctrl-C and Ctrl-\ are the pager's. */
static enum bk_rc page(struct bk_pager *pager, const char *command)
{
	enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };
	struct bk_app *app = pager->app;
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction interrupt;
	struct sigaction quit;
	pid_t pid = 0;
	int failed;
	int status = NOT_FOUND;

	set_defaults();
	(void)sigaction(SIGINT, &ignore, &interrupt);
	(void)sigaction(SIGQUIT, &ignore, &quit);
	failed = start(command, fileno(pager->spool), &pid);
	if (!failed)
		status = wait_for(app, pid);
	(void)sigaction(SIGINT, &interrupt, NULL);
	(void)sigaction(SIGQUIT, &quit, NULL);
	if (*app->interrupted)
		return bk_error_set(&app->err, BK_E_TERMINATED, "interrupted by SIGTERM");
	if (status != NOT_FOUND && status != NOT_EXECUTABLE)
		return BK_OK;
	bk_app_warn(app, "cannot start the pager %s%s%s", command, failed ? ": " : "",
		    failed ? strerror(failed) : "");
	return print(pager);
}

enum bk_rc bk_pager_end(struct bk_pager *pager)
{
	struct bk_app *app = pager->app;

	if (!pager->spool)
		return BK_OK;
	if (fflush(pager->spool))
		return spool_error(app);
	/* The line under the text is the shell's prompt. */
	if (pager->lines < bk_terminal_height(STDOUT_FILENO, getenv("LINES")))
		return print(pager);
	if (lseek(fileno(pager->spool), 0, SEEK_SET) < 0)
		return spool_error(app);
	return page(pager, bk_pager_command(getenv("PAGER"), getenv("TERM")));
}
