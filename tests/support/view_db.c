/*
 * The fixture of the views' tests; see view_db.h.
 */
#include "view_db.h"

struct bk_conf *view_conf;

void view_db_conf(const char *text)
{
	bk_conf_clean(&view_conf);
	view_conf = pg_conf(text);
}

void view_db_open(void)
{
	pg_open();
	view_db_conf("");
	pg_script("DROP TABLE IF EXISTS public.bookings");
	pg_fresh_schema(view_conf);
}

void view_db_close(void)
{
	bk_conf_clean(&view_conf);
	pg_close();
}
