-- SHA-256 of texts, hexadecimal, by the server.
-- $1 texts as text[]
-- Rows in order: digest.
SELECT encode(sha256(convert_to(x.t, 'UTF8')), 'hex') AS digest
  FROM unnest($1::text[]) WITH ORDINALITY AS x (t, n) ORDER BY x.n
