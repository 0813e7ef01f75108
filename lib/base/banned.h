/*
 * Calls that nobody may make, because a buffer's size, an error or another thread's state gets lost
 * in them. Every source is compiled with `-include lib/base/banned.h`, so that a use is an error of
 * the compiler, which says what to use instead.
 *
 * A redeclaration with the attribute, not `#pragma GCC poison` and not a macro: those break the
 * system's own headers when they come later, and this header must come first. No system header is
 * included here, because a source may have to define a feature test macro before its first one.
 * alloca() is a macro, -Walloca finds it.
 */
#ifndef BK_BASE_BANNED_H
#define BK_BASE_BANNED_H

#define BK_BANNED(instead) __attribute__((unavailable("banned, " instead)))

struct tm;

/* Nobody looks at the size of the target. */
extern char *strcpy(char *, const char *) BK_BANNED("use bk_buf or strdup");
extern char *strcat(char *, const char *) BK_BANNED("use bk_buf");
extern char *stpcpy(char *, const char *) BK_BANNED("use bk_buf");
extern char *gets(char *) BK_BANNED("use getline");
extern int sprintf(char *, const char *, ...) BK_BANNED("use bk_buf or snprintf");
extern int vsprintf(char *, const char *, __builtin_va_list) BK_BANNED("use bk_buf or vsnprintf");

/* Cut off without a word, and perhaps without the NUL. */
extern char *strncpy(char *, const char *, __SIZE_TYPE__) BK_BANNED("use bk_buf or memcpy");
extern char *strncat(char *, const char *, __SIZE_TYPE__) BK_BANNED("use bk_buf");

/* No error for what is not a number or does not fit. */
extern int atoi(const char *) BK_BANNED("use base/number.h");
extern long atol(const char *) BK_BANNED("use base/number.h");
extern long long atoll(const char *) BK_BANNED("use base/number.h");
extern double atof(const char *) BK_BANNED("use base/number.h");

/* State that is shared by the whole process. */
extern char *strtok(char *, const char *) BK_BANNED("use strtok_r or strcspn");
extern int rand(void) BK_BANNED("use bk_random");
extern void srand(unsigned int) BK_BANNED("use bk_random");
extern char *asctime(const struct tm *) BK_BANNED("use strftime");
extern char *tmpnam(char *) BK_BANNED("use mkstemp");

/* A shell reads the arguments. */
extern int system(const char *) BK_BANNED("use posix_spawn");

#endif
