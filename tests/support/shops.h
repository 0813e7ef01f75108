/*
 * Tables of companies, each with 11 bookings to activate, in batches of three: what every such
 * table must do, whatever its shape.
 *
 *     static const struct shop shops[] = {...};
 *     return shops_main("tables", shops, BK_COUNT(shops));
 *
 * The table is shop.b, or one with "My Shop" in its name.
 */
#ifndef TESTS_SHOPS_H
#define TESTS_SHOPS_H

#include <stddef.h>

/* From here on it is due: each has its own start, but for pairs of two. */
#define START "now() - interval '1 hour' + (g / 2) * interval '1 second'"
#define OTHER "now() + interval '1 day'"

/* DDL and rows of one table, and the bookings section that describes it. */
struct shop {
	const char *name;
	const char *ddl;
	const char *conf;
	const char *key;    /* the first key column as the transitions have it, SQL over b */
	const char *active; /* condition of the changed ones, SQL over b */
};

#define PLAIN "status = \"state\" start = \"start\" states { confirmed = {\"C\"} active = {\"A\"} "
#define END_STATES "completed = {\"D\"} no-show = {\"N\"} } "
#define UNTRACKED "check-in-mode = untracked "
#define ONLY_ACTIVATE                                                                              \
	"} cancel-no-shows { enabled = no } update-completed { enabled = no }"                     \
	" update-expired { enabled = no }"

#define SHOP_B                                                                                     \
	"bookings { table = \"shop.b\" key = {\"k\"} status = \"state\""                           \
	" start = \"start\" " UNTRACKED

#define SIMPLE                                                                                     \
	"bookings { table = \"shop.b\" key = {\"k\"} " UNTRACKED PLAIN END_STATES ONLY_ACTIVATE

int shops_main(const char *name, const struct shop *shops, size_t count);

#endif
