-- minidb dump VERSION
--
-- Host: localhost    Database: shop
-- ------------------------------------------------------
-- Server version	10.11.19-MariaDB-minidb

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;

--
-- Current Database: `shop`
--

CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci */;

USE `shop`;

--
-- Table structure for table `alpha`
--

DROP TABLE IF EXISTS `alpha`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `alpha` (
  `a` int(11) DEFAULT NULL,
  `z` int(10) unsigned DEFAULT NULL,
  `n` decimal(9,2) NOT NULL DEFAULT 1.50,
  KEY `z` (`z`),
  CONSTRAINT `alpha_ibfk_1` FOREIGN KEY (`z`) REFERENCES `zeta` (`id`) ON DELETE CASCADE,
  CONSTRAINT `CONSTRAINT_1` CHECK (`n` > -1000)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `alpha`
--

LOCK TABLES `alpha` WRITE;
/*!40000 ALTER TABLE `alpha` DISABLE KEYS */;
INSERT INTO `alpha` VALUES
(1,1,2.50),
(2,5,3.00),
(3,NULL,0.00);
/*!40000 ALTER TABLE `alpha` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `kinds`
--

DROP TABLE IF EXISTS `kinds`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `kinds` (
  `t` tinyint(4) DEFAULT NULL,
  `u` bigint(20) unsigned DEFAULT NULL,
  `z` int(6) unsigned zerofill DEFAULT NULL,
  `d` decimal(30,10) DEFAULT NULL,
  `f` float DEFAULT NULL,
  `g` double DEFAULT NULL,
  `b` bit(12) DEFAULT NULL,
  `da` date DEFAULT NULL,
  `ti` time(3) DEFAULT NULL,
  `dt` datetime(6) DEFAULT NULL,
  `ts` timestamp(2) NULL DEFAULT NULL,
  `y` year(4) DEFAULT NULL,
  `c` char(5) DEFAULT NULL,
  `vc` varchar(30) DEFAULT NULL,
  `bi` binary(4) DEFAULT NULL,
  `vb` varbinary(30) DEFAULT NULL,
  `tx` text CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci DEFAULT NULL,
  `bl` blob DEFAULT NULL,
  `e` enum('a','b''c') DEFAULT NULL,
  `s` set('x','y','z') DEFAULT NULL,
  `j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`j`)),
  `l` varchar(10) DEFAULT NULL,
  `m` varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `kinds`
--

LOCK TABLES `kinds` WRITE;
/*!40000 ALTER TABLE `kinds` DISABLE KEYS */;
INSERT INTO `kinds` VALUES
(-128,18446744073709551615,000042,-12345678901234567890.0123456789,1.1,1.1e300,_binary '','2020-02-29','-12:34:56.789','9999-12-31 23:59:59.999999','2038-01-19 03:14:07.25',2155,'é','a\'b\"c\\',_binary 'ab\0\0',_binary '\0\'\\\n\r\Z�','ü€𝄞',_binary '���\0é','b\'c','x,z','{\"a\": [1, null, \"\\\"q\\\"\"]}','ÿ','日本'),
(NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
(0,0,000000,0.0000000000,0,0,_binary '\0\0','1000-01-01','00:00:00.000','1000-01-01 00:00:00.000000','1970-01-01 00:00:01.00',1901,'','',_binary '\0\0\0\0',_binary '','',_binary '','a','','[]','','');
/*!40000 ALTER TABLE `kinds` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `odd ``name`
--

DROP TABLE IF EXISTS `odd ``name`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `odd ``name` (
  `a "b"` int(11) NOT NULL,
  `select` int(11) INVISIBLE DEFAULT 7,
  PRIMARY KEY (`a "b"`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci COMMENT='a\nb';
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `odd ``name`
--

LOCK TABLES `odd ``name` WRITE;
/*!40000 ALTER TABLE `odd ``name` DISABLE KEYS */;
INSERT INTO `odd ``name` (`a "b"`, `select`) VALUES (0,1),
(1,2);
/*!40000 ALTER TABLE `odd ``name` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `storage`
--

DROP TABLE IF EXISTS `storage`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `storage` (
  `k` int(11) NOT NULL,
  `v` varchar(9) DEFAULT NULL,
  UNIQUE KEY `k` (`k`)
) ENGINE=MyISAM DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `storage`
--

LOCK TABLES `storage` WRITE;
/*!40000 ALTER TABLE `storage` DISABLE KEYS */;
INSERT INTO `storage` VALUES
(3,'c'),
(4,'d'),
(2,'b'),
(9,'z');
/*!40000 ALTER TABLE `storage` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `zeta`
--

DROP TABLE IF EXISTS `zeta`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `zeta` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(40) DEFAULT 'x''y',
  `n` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `name` (`name`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci COMMENT='it''s';
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `zeta`
--

LOCK TABLES `zeta` WRITE;
/*!40000 ALTER TABLE `zeta` DISABLE KEYS */;
INSERT INTO `zeta` VALUES
(1,'one',NULL),
(5,NULL,NULL),
(6,'a\nb\0c\\d\'e\"f\Z	%_\r',NULL);
/*!40000 ALTER TABLE `zeta` ENABLE KEYS */;
UNLOCK TABLES;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed
