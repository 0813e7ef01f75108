/*
 * Compiler attributes and the two macros that make every early return safe:
 * BK_CLEAN(fn) runs fn on a local when it leaves its scope, BK_TAKE(p) hands
 * the value of p over and leaves NULL behind, so that nothing is freed twice.
 */
#ifndef BK_BASE_ATTR_H
#define BK_BASE_ATTR_H

#define BK_NODISCARD __attribute__((warn_unused_result))
#define BK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define BK_NORETURN __attribute__((noreturn))
#define BK_CLEAN(fn) __attribute__((cleanup(fn)))

#define BK_TAKE(p)                                                                                 \
	__extension__({                                                                            \
		__typeof__(p) bk_taken_ = (p);                                                     \
		(p) = NULL;                                                                        \
		bk_taken_;                                                                         \
	})

#define BK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
