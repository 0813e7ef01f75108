-- Makes one of bk's roles; nobody logs in as it. :"role" its name.
CREATE ROLE :"role" NOLOGIN
