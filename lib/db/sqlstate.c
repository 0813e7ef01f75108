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

static bool begins(const char *text, const char *head)
{
	return strncmp(text, head, strlen(head)) == 0;
}

enum bk_rc bk_sqlstate_rc(const char *sqlstate)
{
	for (size_t i = 0; i < BK_COUNT(classes); i++)
		if (begins(sqlstate, classes[i].prefix))
			return classes[i].rc;
	return BK_E_RUN;
}

/* 45 is what SQL/PSM gives to applications, and letters are the server's own
   only in these classes: the rest comes from the exceptions of triggers. */
static bool is_row_fault(const char *sqlstate)
{
	static const char *const rows[] = {"22", "23", "44", "45", "P0"};
	static const char *const own[] = {"F0", "HV", "XX"};

	for (size_t i = 0; i < BK_COUNT(rows); i++)
		if (begins(sqlstate, rows[i]))
			return true;
	for (size_t i = 0; i < BK_COUNT(own); i++)
		if (begins(sqlstate, own[i]))
			return false;
	return *sqlstate >= 'A' && *sqlstate <= 'Z';
}

enum bk_fault bk_fault_of(const struct bk_error *err)
{
	static const char *const passing[] = {"08", "57P0", "53", "40001", "40P01", "55P03"};

	switch ((int)err->rc) {
	case BK_E_UNAVAILABLE:
	case BK_E_STANDBY:
	case BK_E_UNKNOWN:
		/* A database that does not exist will not exist soon. */
		return begins(err->sqlstate, "3D") ? BK_FAULT_FINAL : BK_FAULT_PASSING;
	case BK_E_RUN:
		break;
	default:
		return BK_FAULT_FINAL;
	}
	for (size_t i = 0; i < BK_COUNT(passing); i++)
		if (begins(err->sqlstate, passing[i]))
			return BK_FAULT_PASSING;
	if (begins(err->sqlstate, "57014"))
		return BK_FAULT_SLOW;
	return is_row_fault(err->sqlstate) && !err->systemic ? BK_FAULT_ROW : BK_FAULT_FINAL;
}
