/*
 * A schema `evil` whose operators, functions and types lie, for tests that bk's
 * SQL is right under any search_path, and the settings that go with it.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

/* Makes the schema in the database of pg_open(). */
void hostile_make(void);

/* From now on in this session; DateStyle, TimeZone and IntervalStyle are odd too. */
void hostile_session(void);

/* The same as the database's default, for every session to come; and back. */
void hostile_database(void);
void hostile_end(void);

#endif
