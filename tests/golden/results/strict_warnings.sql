# Warnings of expressions are errors where rows are changed strictly; deleting is never strict
CREATE TABLE t (id INT, b VARCHAR(10), c CHAR(5), d DOUBLE, n INT, KEY (d, id))
INSERT INTO t VALUES (1,'1','a',2.25,1),(2,'2x','b',1.5,2),(3,NULL,NULL,NULL,1)
DELETE FROM t WHERE b = 5
DELETE FROM t WHERE b = 5 ORDER BY id
UPDATE t SET d = 5 WHERE b = 5
UPDATE t SET d = 5 WHERE b = 5 ORDER BY id
UPDATE t SET d = 5 WHERE b = 5 LIMIT 1
UPDATE t x JOIN t y ON x.id = y.id SET x.d = 5 WHERE x.b = 5
DELETE x FROM t x JOIN t y ON x.id = y.id WHERE x.b = 5
UPDATE t SET n = b + 1
UPDATE t SET n = 5 WHERE n = (SELECT COUNT(*) FROM t WHERE b = 5)
DELETE FROM t WHERE n = (SELECT COUNT(*) FROM t s WHERE b = 5)
INSERT INTO t (id) SELECT 9 FROM t WHERE b = 5
INSERT INTO t (id, n) SELECT id, b + 0 FROM t
INSERT INTO t (id, n) VALUES (5, '2x' + 0)
INSERT INTO t (id, n) VALUES (5, (SELECT COUNT(*) FROM t s WHERE b = 5))
