/*
 * Findings in every format; see findings.h.
 */
#include "out/findings.h"

#include "base/text.h"

#define AT(member) offsetof(struct bk_finding, member)

static const struct bk_column columns[] = {
	{"LEVEL", "level", BK_CELL_TEXT, AT(level_word), 0},
	{"CODE", "code", BK_CELL_TEXT, AT(code), 0},
	{"SUBJECT", "subject", BK_CELL_TEXT, AT(subject), 0},
	{"WHAT", "what", BK_CELL_TEXT, AT(what), 0},
	{"WHY", "why", BK_CELL_TEXT, AT(why), 0},
	{"FIX", "fix", BK_CELL_TEXT, AT(fix), 0},
	{"COUNT", "count", BK_CELL_INT, AT(count), 0},
	{"EXAMPLE", "example", BK_CELL_KEY, AT(example), 0},
};

#undef AT

struct bk_list bk_out_findings(const struct bk_diagnosis *diagnosis)
{
	return (struct bk_list){
		.columns = columns,
		.column_count = BK_COUNT(columns),
		.rows = diagnosis->items,
		.row_size = sizeof(*diagnosis->items),
		.row_count = diagnosis->count,
		.type = "finding",
		.none = "no findings",
	};
}

static void put_line(struct bk_buf *out, const char *label, const char *text)
{
	bk_buf_fmt(out, "    %-5s ", label);
	bk_escape_line(out, text);
	bk_buf_char(out, '\n');
}

static void put_finding(struct bk_buf *out, const struct bk_finding *f,
			const struct bk_style *style)
{
	/* The words that have a colour. */
	static const char *const words[BK_LEVEL_COUNT] = {"NOTE", "WARNING", "ERROR"};

	bk_out_state(out, words[f->level], style);
	bk_buf_fmt(out, " %s: ", f->code);
	bk_escape_line(out, f->subject);
	bk_buf_char(out, '\n');
	put_line(out, "what", f->what);
	put_line(out, "why", f->why);
	if (f->fix)
		put_line(out, "type", f->fix);
}

void bk_out_findings_text(struct bk_buf *out, const struct bk_diagnosis *diagnosis,
			  enum bk_level least, const struct bk_style *style)
{
	for (int level = BK_LEVEL_ERROR; level >= (int)least; level--)
		for (size_t i = 0; i < diagnosis->count; i++)
			if (diagnosis->items[i].level == (enum bk_level)level)
				put_finding(out, &diagnosis->items[i], style);
}

void bk_out_findings_count(struct bk_buf *out, const struct bk_diagnosis *diagnosis)
{
	static const char *const nouns[BK_LEVEL_COUNT] = {"note", "warning", "error"};
	size_t kinds = 0;
	size_t put = 0;

	for (int level = 0; level < BK_LEVEL_COUNT; level++)
		kinds += diagnosis->by_level[level] > 0;
	if (!kinds)
		bk_buf_str(out, "nothing");
	for (int level = BK_LEVEL_ERROR; level >= 0; level--) {
		size_t n = diagnosis->by_level[level];

		if (!n)
			continue;
		put++;
		bk_buf_str(out, put == 1 ? "" : put == kinds ? " and " : ", ");
		bk_buf_fmt(out, "%zu %s%s", n, nouns[level], n == 1 ? "" : "s");
	}
}
