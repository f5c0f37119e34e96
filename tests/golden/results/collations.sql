# Coercibility: which collation wins, and the errors where none does
CREATE TABLE t (id INT, g VARCHAR(10) COLLATE utf8mb4_general_ci, u VARCHAR(10) COLLATE utf8mb4_unicode_ci, b VARCHAR(10) COLLATE utf8mb4_bin, iu INT UNSIGNED, d DECIMAL(10,0), bu BIGINT UNSIGNED)
INSERT INTO t VALUES (1,'a','a','a',1,1,1),(2,'B','b','b',2,2,2)
SELECT CAST('a' AS CHAR) = u FROM t
SELECT CAST(g AS CHAR) = u FROM t
SELECT CAST(u AS CHAR) = g FROM t
SELECT CAST(id AS CHAR) = u FROM t
SELECT CONVERT(u USING utf8mb4) = u FROM t
SELECT CONCAT(id) = u, CONCAT(id, u) = u FROM t
SELECT IF(1, 'a', id) = u FROM t
SELECT MAX(u) = 'a' FROM t
SELECT (SELECT u FROM t LIMIT 1) = g FROM t
SELECT (SELECT 'a') = u FROM t
SELECT * FROM (SELECT 'a' x) q, t WHERE q.x = t.u
SELECT * FROM (SELECT 'a' x UNION SELECT 'b') q, t WHERE q.x = t.u
SELECT DATE_FORMAT('2020-01-01', '%Y') = u FROM t
SELECT HEX(g) = u FROM t
SELECT UPPER(HEX(g)) = u FROM t
SELECT DATABASE() = u, USER() = u, VERSION() = u FROM t
SET @v = 'a'
SELECT @v = u FROM t
SELECT @v = g FROM t
SELECT IF(1, iu, 0), IF(1, bu, 0), COALESCE(iu, 5), COALESCE(bu, -1), IF(1, d, 0), CASE WHEN 1 THEN iu ELSE 0 END, NULLIF(iu, 0) FROM t
SELECT IF(1, iu, -1), IF(1, id, iu), GREATEST(iu, id), IFNULL(iu, id) FROM t
SELECT iu FROM t UNION SELECT id FROM t
SELECT iu FROM t UNION SELECT -5
SELECT bu FROM t UNION SELECT -5
SELECT g = u FROM t
SELECT u = g FROM t
SELECT 1 FROM t x JOIN t y ON x.g = y.u
SELECT 1 FROM t x JOIN t y ON x.u = y.g
SELECT 1 FROM t x LEFT JOIN t y ON x.u = y.g
SELECT 1 FROM t x LEFT JOIN t y ON y.u = x.g
SELECT 1 FROM t x LEFT JOIN t y ON y.u = x.g AND 1
SELECT 1 FROM t x WHERE x.u = x.g AND x.id = 1
SELECT 1 FROM t x JOIN t y WHERE x.u = y.g
SELECT 1 FROM t x JOIN t y WHERE x.u = y.g OR x.id = 1
SELECT 1 FROM t x JOIN t y WHERE x.u < y.g
SELECT 1 FROM t x WHERE NOT (x.u < x.g)
SELECT 1 FROM t x WHERE NOT (x.u = x.g)
SELECT 1 FROM t x WHERE x.u <> x.g
SELECT 1 FROM t x WHERE x.u IN (x.g, 'a')
SELECT 1 FROM t x WHERE x.u NOT IN ('a', x.g)
SELECT 1 FROM t x WHERE x.u BETWEEN x.g AND 'a'
SELECT 1 FROM t x WHERE x.u BETWEEN 'a' AND x.g
SELECT 1 FROM t x WHERE x.u LIKE x.g
SELECT 1 FROM t x WHERE x.u <=> x.g
SELECT 1 FROM t x WHERE x.u IN (SELECT g FROM t)
SELECT 1 FROM t x WHERE x.u = ANY (SELECT g FROM t)
SELECT 1 FROM t x WHERE (x.u, 1) = (x.g, 1)
SELECT GREATEST(u, g) FROM t
SELECT LOCATE(u, g), INSTR(u, g) FROM t
SELECT INSTR(u, g) FROM t
SELECT REPLACE(u, g, 'x') FROM t
SELECT FIELD(u, g, 'x'), STRCMP(u,g) FROM t
SELECT STRCMP(u,g) FROM t
SELECT FIND_IN_SET(u,g) FROM t
SELECT CONCAT(u, g), CONCAT_WS(u, g), COALESCE(u, g), IF(1, u, g), LPAD(u, 5, g) FROM t
SELECT LPAD(u, 5, g) FROM t
SELECT CONCAT(u, g) = 'a' FROM t
SELECT CONCAT(u, g) = u FROM t
SELECT CONCAT(u, g) = u COLLATE utf8mb4_unicode_ci FROM t
SELECT DISTINCT CONCAT(u, g) FROM t ORDER BY 1
SELECT u COLLATE utf8mb4_bin = g COLLATE utf8mb4_general_ci FROM t
SELECT u = b, b = g, CONCAT(u,b) = g FROM t
SELECT GROUP_CONCAT(u, g) FROM t
SELECT SUBSTRING_INDEX(u, g, 1) FROM t
SELECT u REGEXP g FROM t
SELECT u FROM t UNION SELECT g FROM t
SELECT u FROM t UNION SELECT b FROM t
SELECT u FROM t UNION SELECT 'x'
SELECT u FROM t UNION SELECT id FROM t
SELECT ELT(1, u, g), INSERT(u, 1, 1, g), MAKE_SET(1, u, g), QUOTE(u) = g FROM t
