/*
 * The words of a command line: which command they name, and its operands. For
 * the files of this folder only.
 */
#ifndef BK_CLI_COMMAND_H
#define BK_CLI_COMMAND_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/options.h"

/* Sets line->command and line->operands from `count` words at line->operands,
   which start with the command where the tool has commands. BK_E_USAGE. */
enum bk_rc bk_command_take(const struct bk_tool *tool, int count, struct bk_cmdline *line,
			   struct bk_error *err) BK_NODISCARD;

/* The first word of argv as it came, also where that cannot be parsed; NULL = none. */
const char *bk_command_word(const struct bk_tool *tool, int argc, char **argv);

/* Whether such an argv calls the tool's lines_command, and asks for no format. */
bool bk_command_speaks_lines(const struct bk_tool *tool, int argc, char **argv);

/* True when the command's list of options has that name. */
bool bk_command_takes(const struct bk_command *command, const char *option);

/* One option of such a list. */
struct bk_option_word {
	const char *name; /* `len` bytes of the list */
	size_t len;
	bool needed;
};

/* Takes the next one off *list; false at its end. */
bool bk_option_word_next(const char **list, struct bk_option_word *ret);

/* Refuses an empty text, bad UTF-8 and control characters, which a word or a
   value never has; the message does not show it ("is empty"). BK_E_USAGE. */
enum bk_rc bk_check_word(const char *text, struct bk_error *err) BK_NODISCARD;

/* What the user may have meant: the only word of the list that begins with
   `word`, else the nearest; NULL for no idea. */
const char *bk_suggest(const char *word, const char *const *list);

/* BK_E_USAGE for a first word that is neither a command nor a job, with a near miss. */
enum bk_rc bk_command_unknown(const struct bk_tool *tool, const char *word, struct bk_error *err);

#endif
