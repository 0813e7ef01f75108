/*
 * A connection that was left alone for a while; see db.h.
 */
#include "db/db.h"

#include <poll.h>

#include "db/internal.h"

/* A server that ends a session sends its reason first, and a chatty one may have
   sent more; nobody sends so much to an idle client. */
enum { MOST_READS = 16 };

bool bk_db_alive(struct bk_db *db)
{
	for (int i = 0; i < MOST_READS && !bk_db_lost(db); i++) {
		struct pollfd fd = {.fd = PQsocket(db->conn), .events = POLLIN};

		if (poll(&fd, 1, 0) <= 0)
			return true;
		if (!PQconsumeInput(db->conn))
			return false;
	}
	return false;
}
