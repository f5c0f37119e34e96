# Notes on definitions
CREATE TABLE d1 (a INT, b INT, KEY k1 (a), KEY k2 (a), KEY k3 (a, b), UNIQUE KEY u1 (a), UNIQUE KEY u2 (a), KEY k4 (b DESC), KEY k5 (b))
ALTER TABLE d1 ADD KEY k6 (a)
CREATE INDEX k7 ON d1 (a)
CREATE TABLE d2 (a INT PRIMARY KEY, UNIQUE KEY u (a), KEY k (a))
CREATE TABLE d3 (a VARCHAR(10), KEY k (a), KEY k2 (a(5)), KEY k3 (a(5)))
CREATE TABLE d4 LIKE d1
ALTER TABLE d1 DROP KEY k7, ADD KEY k8 (b)
