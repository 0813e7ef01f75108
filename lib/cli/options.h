/*
 * The command line as data: one table of options and one of commands per tool.
 * Parsing, --help and the test against the man page come from them.
 *
 * No abbreviations, of options or commands. A lone -h prints the help. Options
 * stop nowhere: they may stand before and after the command's words.
 */
#ifndef BK_CLI_OPTIONS_H
#define BK_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* The values of an option that is given once or more. */
enum { BK_TEXTS_MAX = 32 };
struct bk_option_texts {
	const char *items[BK_TEXTS_MAX];
	size_t count;
};

/* Every option of every tool has one place here; unset text is NULL. */
struct bk_options {
	/* common */
	const char *host;
	const char *port;
	const char *user;
	const char *dbname;
	bool no_password; /* -w: accepted as psql has it; bk never asks */
	const char *config;
	const char *profile;
	const char *instance;
	const char *output; /* table json jsonl csv, or the command's own; NULL = not asked */
	bool quiet;
	int verbose;
	const char *color;    /* auto always never */
	const char *progress; /* auto always never */
	bool version;
	bool help;
	/* runs */
	bool now;
	bool force;
	bool backlog;
	bool dry_run;
	bool explain;
	int64_t limit; /* -1 = not given, here and below */
	int64_t allow;
	int64_t for_ms;
	int64_t splay_ms;
	int64_t wait_ms;
	/* bkmaint */
	bool check;
	bool sample;
	bool reference_bookings;
	bool due;
	bool all;
	bool history;
	const char *reason;
	const char *rule;
	struct bk_option_texts key;
	int64_t hold_ms;
	const char *consumer;
	const char *from;
	bool follow; /* of bkstatus, too */
	/* bkstatus */
	const char *job;
	const char *status;
	const char *since;
	const char *until;
	const char *trigger;
	const char *after;
	bool archive; /* of bkstatus history; set by bkmaint archive */
	int64_t interval_ms;
	int64_t count;
	int64_t hours;
	int64_t max_age_ms;
	const char *out;
};

enum bk_option_kind {
	BK_OPT_FLAG,     /* bool */
	BK_OPT_COUNT,    /* int, may be repeated */
	BK_OPT_TEXT,     /* const char *, not empty */
	BK_OPT_TEXTS,    /* struct bk_option_texts, may be repeated */
	BK_OPT_NUMBER,   /* int64_t, min to max */
	BK_OPT_DURATION, /* the same, in milliseconds; written 500ms 30s 5m 24h 30d */
	BK_OPT_JSON,     /* --json: output = "json" */
};

struct bk_option {
	const char *name; /* "limit" */
	char letter;      /* 0 = none */
	enum bk_option_kind kind;
	const char *argument; /* "N", "TIME"; NULL for flags */
	size_t offset;        /* in struct bk_options */
	const char *help;
	int64_t min;
	int64_t max;
	const char *const *words; /* allowed texts, NULL = any */
};

/* Counts of operands that are not fixed. SOME and ANY are for values of the
   database: any valid UTF-8 will do, also an empty text and control characters. */
enum {
	BK_OPERAND_MAYBE = -1, /* none or one */
	BK_OPERANDS_SOME = -2, /* one or more */
	BK_OPERANDS_ANY = -3,  /* none or more */
};

struct bk_command {
	const char *name;     /* "history"; NULL in the one entry of a tool without commands */
	const char *operands; /* "NAME", "" for none */
	int operand_count;    /* exactly so many, or one of the above */
	const char *options;  /* names of the options it takes beside the common ones,
				  separated by blanks, with ! those it needs: "limit job reason!" */
	const char *help;     /* one line */
};

struct bk_tool {
	const char *name;                /* "bkmaint" */
	const char *summary;             /* one line */
	const struct bk_option *options; /* all but the common ones */
	size_t option_count;
	const struct bk_command *commands;
	size_t command_count;
	const char *default_command; /* bkstatus: "jobs"; NULL = one is needed */
	/* What a word may be that is no command, when the configuration has a job of that
	   name; NULL = nothing. */
	const struct bk_command *own_job;
	const char *format_command;  /* has a format of --output beside those of all; NULL = none */
	const char *format;          /* that one */
	const char *plugin_command;  /* speaks the language of monitoring plugins; NULL = none */
	const char *lines_command;   /* prints jsonl where no format is asked for; NULL = none */
	const char *const *examples; /* NULL-terminated command lines */
	const void *self;            /* the program's own, for its run function; may be NULL */
	bool quiet_pipe; /* a reader that goes away ends it by SIGPIPE, without a word: for
			    tools that only show; else that is BK_E_IO */
};

/* The options that every tool has. */
extern const struct bk_option bk_common_options[];
extern const size_t bk_common_option_count;

/* What the command line says. */
struct bk_cmdline {
	struct bk_options options;
	const struct bk_command *command; /* NULL with --help and --version before any command */
	struct bk_command own_job;        /* where command points to for a job of the file */
	const char *const *operands;      /* the caller's argv, permuted */
	int operand_count;
};

/* Reads argv (which it permutes). BK_E_USAGE with a hint. On failure ret->options.output
   still says whether JSON was asked for anywhere on the line. */
enum bk_rc bk_cmdline_parse(const struct bk_tool *tool, int argc, char **argv,
			    struct bk_cmdline *ret, struct bk_error *err) BK_NODISCARD;

/* The text of --help: usage, commands, options, exit statuses, examples. */
void bk_cmdline_help(const struct bk_tool *tool, struct bk_buf *out);

#endif
