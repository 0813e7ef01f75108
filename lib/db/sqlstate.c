/*
 * What a SQLSTATE means to the caller. Decisions go by SQLSTATE and never by
 * message text, which follows the server's language.
 */
#include "db/db.h"

#include <string.h>

static const struct {
	const char *prefix; /* a class of two characters, or all five */
	enum bk_rc rc;
} classes[] = {
	{"08", BK_E_UNAVAILABLE},    {"57P0", BK_E_UNAVAILABLE}, {"53300", BK_E_UNAVAILABLE},
	{"3D000", BK_E_UNAVAILABLE}, {"28", BK_E_LOGIN},         {"42501", BK_E_PERMISSION},
	{"25006", BK_E_STANDBY},     {"3F000", BK_E_SCHEMA},     {"42P01", BK_E_SCHEMA},
	{"42703", BK_E_SCHEMA},
};

enum bk_rc bk_sqlstate_rc(const char *sqlstate)
{
	for (size_t i = 0; i < BK_COUNT(classes); i++)
		if (strncmp(sqlstate, classes[i].prefix, strlen(classes[i].prefix)) == 0)
			return classes[i].rc;
	return BK_E_RUN;
}
