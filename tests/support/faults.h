/*
 * Faults of the server, made by other sessions at exact moments: a backend ends
 * while it waits for a lock or in its COMMIT, and the answer to a commit never
 * comes although it is durable.
 *
 * A commit that is rolled back:         A commit that is kept:
 *     fault_gate("bookings", "true");       fault_hang_commits();
 *     fault_close_gate();                   fault_kill_in_commit(pid);
 *     fault_kill_at_lock(pid);              ... the run ...
 *     ... the run ...                       fault_let_commits();
 *     fault_open_gate();                    fault_finish();
 *     fault_finish();
 *
 * fault_let_commits belongs into an unchecked fixture as well: the setting is
 * the cluster's, and a test that failed must not leave it to the next.
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

/* Transactions that update or insert rows of the table for which `when` holds (a
   condition on NEW) wait in their COMMIT for as long as the gate is closed. */
void fault_gate(const char *table, const char *when);
void fault_close_gate(void);
void fault_open_gate(void);

/* From now on commits of who asks for safe ones (bk does) wait for a standby
   that does not exist, after they are durable. */
void fault_hang_commits(void);
void fault_let_commits(void);

/* Ends the backend as soon as it waits for a lock, or in its COMMIT for a standby.
   These return at once; fault_finish waits until it is done. */
void fault_kill_at_lock(int pid);
void fault_kill_in_commit(int pid);
void fault_finish(void);

#endif
