/*
 * The error value and the one table of error codes and exit statuses.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const struct bk_rc_info rc_table[BK_RC_COUNT] = {
	[BK_OK] = {"OK", BK_EXIT_OK},
	[BK_E_RUN] = {"RUN_FAILED", BK_EXIT_FAILED},
	[BK_E_UNHEALTHY] = {"UNHEALTHY", BK_EXIT_FAILED},
	[BK_E_LEASE_LOST] = {"LEASE_LOST", BK_EXIT_FAILED},
	[BK_E_UNKNOWN] = {"OUTCOME_UNKNOWN", BK_EXIT_FAILED},
	[BK_E_PARTIAL] = {"WORK_REMAINS", BK_EXIT_REMAINS},
	[BK_E_CANCELLED] = {"CANCELLED", BK_EXIT_REMAINS},
	[BK_E_TIMEOUT] = {"TIMEOUT", BK_EXIT_REMAINS},
	[BK_E_REFUSED] = {"REFUSED", BK_EXIT_REFUSED},
	[BK_E_PAUSED] = {"JOB_PAUSED", BK_EXIT_REFUSED},
	[BK_E_DISABLED] = {"JOB_DISABLED", BK_EXIT_REFUSED},
	[BK_E_USAGE] = {"USAGE", BK_EXIT_USAGE},
	[BK_E_NOT_FOUND] = {"NOT_FOUND", BK_EXIT_NOT_FOUND},
	[BK_E_UNAVAILABLE] = {"DATABASE_UNAVAILABLE", BK_EXIT_UNAVAILABLE},
	[BK_E_STANDBY] = {"DATABASE_READ_ONLY", BK_EXIT_UNAVAILABLE},
	[BK_E_INTERNAL] = {"INTERNAL", BK_EXIT_INTERNAL},
	[BK_E_IO] = {"IO_ERROR", BK_EXIT_IO},
	[BK_E_BUSY] = {"JOB_BUSY", BK_EXIT_BUSY},
	[BK_E_PERMISSION] = {"PERMISSION_DENIED", BK_EXIT_PERMISSION},
	[BK_E_LOGIN] = {"LOGIN_REFUSED", BK_EXIT_PERMISSION},
	[BK_E_CONFIG] = {"CONFIG", BK_EXIT_CONFIG},
	[BK_E_SCHEMA] = {"SCHEMA", BK_EXIT_CONFIG},
	[BK_E_MAPPING] = {"MAPPING", BK_EXIT_CONFIG},
	[BK_E_FINDINGS] = {"FINDINGS", BK_EXIT_CONFIG},
	[BK_E_INTERRUPTED] = {"INTERRUPTED", BK_EXIT_SIGINT},
	[BK_E_TERMINATED] = {"TERMINATED", BK_EXIT_SIGTERM},
};

const struct bk_rc_info *bk_rc_info(enum bk_rc rc)
{
	BK_ASSERT((unsigned)rc < BK_RC_COUNT);
	return &rc_table[rc];
}

enum bk_rc bk_error_set(struct bk_error *err, enum bk_rc rc, const char *fmt, ...)
{
	va_list args;

	err->rc = rc;
	err->sqlstate[0] = '\0';
	err->systemic = false;
	err->position = 0;
	err->hint[0] = '\0';
	va_start(args, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	return rc;
}

enum bk_rc bk_error_hint(struct bk_error *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
	return err->rc;
}

enum bk_rc bk_error_prefix(struct bk_error *err, const char *fmt, ...)
{
	char cause[sizeof(err->message)];
	va_list args;
	size_t len;

	memcpy(cause, err->message, sizeof(cause));
	va_start(args, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	len = strlen(err->message);
	(void)snprintf(err->message + len, sizeof(err->message) - len, ": %.*s",
		       (int)(sizeof(cause) - 1), cause);
	return err->rc;
}

static int gravity(enum bk_exit status)
{
	static const enum bk_exit order[] = {
		BK_EXIT_OK,         BK_EXIT_BUSY,   BK_EXIT_REMAINS,
		BK_EXIT_REFUSED,    BK_EXIT_FAILED, BK_EXIT_UNAVAILABLE,
		BK_EXIT_PERMISSION, BK_EXIT_CONFIG, BK_EXIT_INTERNAL,
	};

	for (size_t i = 0; i < BK_COUNT(order); i++)
		if (order[i] == status)
			return (int)i;
	return (int)BK_COUNT(order);
}

enum bk_exit bk_exit_worse(enum bk_exit a, enum bk_exit b)
{
	return gravity(b) > gravity(a) ? b : a;
}
