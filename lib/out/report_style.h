/*
 * The style sheet of the page of `bkstatus report`, and its hash, by which the page's
 * content security policy lets it in and nothing else.
 */
#ifndef BK_OUT_REPORT_STYLE_H
#define BK_OUT_REPORT_STYLE_H

/* Between <style> and </style>, to the byte: pieces, behind them NULL. */
extern const char *const bk_report_style[];

/* "sha256-" and the hash in base64. tests/cli/test_report.sh says what it has to be. */
extern const char bk_report_style_hash[];

#endif
