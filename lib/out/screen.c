/*
 * Frames of a screen; see screen.h.
 */
#include "out/screen.h"

#include <string.h>

#define OTHER_SCREEN "\033[?1049h"
#define FIRST_SCREEN "\033[?1049l"
#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"
#define NO_WRAP "\033[?7l"
#define WRAP "\033[?7h"
#define HOME "\033[H"
#define CLEAR_LINE_END "\033[K"
#define CLEAR_BELOW "\033[J"

void bk_out_screen_enter(struct bk_buf *out)
{
	bk_buf_str(out, OTHER_SCREEN HIDE_CURSOR NO_WRAP);
}

void bk_out_screen_leave(struct bk_buf *out)
{
	bk_buf_str(out, WRAP SHOW_CURSOR FIRST_SCREEN);
}

static int count_lines(const char *text)
{
	int n = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		n++;
		text += len + (text[len] == '\n');
	}
	return n;
}

/* No newline after the last line: at the bottom it would scroll. */
void bk_out_screen_frame(struct bk_buf *out, const char *text, int rows)
{
	int lines = count_lines(text);
	int shown = lines <= rows ? lines : rows - 1;

	bk_buf_str(out, HOME);
	for (int i = 0; i < shown; i++) {
		size_t len = strcspn(text, "\n");

		bk_buf_str(out, i ? "\r\n" : "");
		bk_buf_bytes(out, text, len);
		bk_buf_str(out, CLEAR_LINE_END);
		text += len + (text[len] == '\n');
	}
	if (shown < lines && rows > 0)
		bk_buf_fmt(out, "%s... %d more lines" CLEAR_LINE_END, shown > 0 ? "\r\n" : "",
			   lines - shown);
	bk_buf_str(out, CLEAR_BELOW);
}
