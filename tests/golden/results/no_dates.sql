# What is no date or time compares as the zero date or as midnight; times beside dates
CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(10), c DOUBLE, d DECIMAL(6,2), e DATE, f DATETIME, g TIME, KEY (c), KEY (a), KEY(b))
INSERT INTO t VALUES (1,1,'1',0.1,0.1,'2020-01-01','2020-01-01 01:01:01','01:00:00'),(2,2,'2x',1.5,1.5,'2020-01-02','2020-01-01 01:01:01','02:00:00'),(3,NULL,NULL,NULL,NULL,NULL,NULL,NULL)
SELECT id FROM t WHERE e > 5
SELECT id FROM t WHERE e <> 5
SELECT id FROM t WHERE e <=> 5
SELECT id FROM t WHERE e <> 'abc'
SELECT id FROM t WHERE e > 'abc'
SELECT id FROM t WHERE g <> 'abc'
SELECT id FROM t WHERE g > 5
SELECT id FROM t WHERE g > a
SELECT id FROM t WHERE e > 20200101
SELECT id FROM t WHERE g > e
SELECT e > g, e < g, f > g FROM t
SELECT id FROM t WHERE e BETWEEN 'abc' AND '2020-01-01'
SELECT id FROM t WHERE e IN ('abc', '2020-01-01')
SELECT id FROM t WHERE e NOT IN ('abc', '2020-01-01')
SELECT id FROM t WHERE e NOT IN (5, '2020-01-01')
SELECT id FROM t WHERE 1.5 < DATE '2020-01-01'
SELECT id FROM t WHERE (1,'abc') = (id, e)
SELECT id FROM t WHERE e < ANY (SELECT 'abc')
SELECT e + 1, f + 1, g + 1, e*1.5, f/2 FROM t
SELECT id FROM t WHERE IFNULL(e,'x') < 5
SELECT COALESCE(e, 5) , IF(id=1, e, 5), CASE WHEN id = 1 THEN e ELSE 'x' END FROM t
SELECT id FROM t WHERE YEAR('abc') IS NULL
SELECT e = '0000-00-00', e > '0000-00-00', e = 0, e > 0 FROM t
