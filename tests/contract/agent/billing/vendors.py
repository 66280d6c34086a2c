"""Tables of billing systems: the columns that a preset reads, with the types and defaults that the system gives them.

Lago: db/structure.sql of getlago/lago-api at 1b1c24a6a; ASTPP: database/astpp-6.0.sql of iNextrix/ASTPP at be464dcd7;
Kill Bill: the ddl.sql files of killbill/killbill at cb60779c1; ABillS: db/abills.sql and db/Iptv.sql of anphsw/abills
at c48927502.
"""

LAGO = """
CREATE TABLE organizations (id uuid PRIMARY KEY, timezone varchar DEFAULT 'UTC' NOT NULL);
CREATE TABLE customers (id uuid PRIMARY KEY, organization_id uuid NOT NULL, timezone varchar);
CREATE TABLE plans (id uuid PRIMARY KEY, code varchar NOT NULL, "interval" integer, amount_cents bigint,
  trial_period double precision, pay_in_advance boolean DEFAULT false);
CREATE TABLE subscriptions (id uuid PRIMARY KEY, customer_id uuid NOT NULL, plan_id uuid NOT NULL,
  organization_id uuid NOT NULL, status integer NOT NULL, billing_time integer DEFAULT 0 NOT NULL,
  subscription_at timestamp(6), started_at timestamp, terminated_at timestamp, trial_ended_at timestamp(6),
  billing_anchor_date date);
CREATE TABLE invoices (id uuid PRIMARY KEY, status integer DEFAULT 1 NOT NULL);
CREATE TABLE invoice_subscriptions (invoice_id uuid NOT NULL, subscription_id uuid NOT NULL,
  from_datetime timestamp(6), to_datetime timestamp(6));
CREATE TABLE fees (id uuid PRIMARY KEY, invoice_id uuid, subscription_id uuid, amount_cents bigint NOT NULL,
  fee_type integer, created_at timestamp(6) NOT NULL, deleted_at timestamp(6));
CREATE TABLE credit_notes (id uuid PRIMARY KEY, status integer DEFAULT 1 NOT NULL, voided_at timestamp);
CREATE TABLE credit_note_items (id uuid PRIMARY KEY, credit_note_id uuid NOT NULL, fee_id uuid,
  amount_cents bigint DEFAULT 0 NOT NULL, created_at timestamp(6) NOT NULL);
"""
ASTPP = """
CREATE TABLE accounts (id int PRIMARY KEY, status tinyint(1) NOT NULL DEFAULT 0, deleted tinyint(1) NOT NULL DEFAULT 0);
CREATE TABLE products (id int PRIMARY KEY, name varchar(100) NOT NULL);
CREATE TABLE order_items (id int PRIMARY KEY, order_id int NOT NULL, product_category int NOT NULL,
  product_id int NOT NULL, price decimal(10,5) NOT NULL DEFAULT '0.00000', billing_days int NOT NULL DEFAULT 0,
  accountid int NOT NULL, next_billing_date datetime NOT NULL, is_terminated tinyint(1) NOT NULL DEFAULT 0,
  termination_date datetime NOT NULL);
CREATE TABLE invoice_details (id int PRIMARY KEY, accountid int NOT NULL, order_item_id int NOT NULL DEFAULT 0,
  is_tax tinyint(1) NOT NULL DEFAULT 0, description varchar(255) DEFAULT NULL,
  debit decimal(20,5) NOT NULL DEFAULT '0.00000', credit decimal(20,5) NOT NULL DEFAULT '0.00000',
  created_date datetime NOT NULL);
"""
KILL_BILL = """
CREATE TABLE bundles (record_id serial unique, id varchar(36) NOT NULL, account_id varchar(36) NOT NULL);
CREATE TABLE subscriptions (record_id serial unique, id varchar(36) NOT NULL, bundle_id varchar(36) NOT NULL,
  charged_through_date datetime DEFAULT NULL);
CREATE TABLE subscription_events (record_id serial unique, event_type varchar(15) NOT NULL,
  user_type varchar(25) DEFAULT NULL, effective_date datetime NOT NULL, subscription_id varchar(36) NOT NULL,
  is_active boolean default true, created_date datetime NOT NULL);
CREATE TABLE blocking_states (record_id serial unique, blockable_id varchar(36) NOT NULL, service varchar(20) NOT NULL,
  block_billing bool NOT NULL, effective_date datetime NOT NULL, is_active boolean default true);
CREATE TABLE tags (record_id serial unique, tag_definition_id varchar(36) NOT NULL, object_id varchar(36) NOT NULL,
  is_active boolean default true);
CREATE TABLE invoices (record_id serial unique, id varchar(36) NOT NULL,
  status varchar(15) NOT NULL DEFAULT 'COMMITTED');
CREATE TABLE invoice_items (record_id serial unique, id varchar(36) NOT NULL, type varchar(24) NOT NULL,
  invoice_id varchar(36) NOT NULL, subscription_id varchar(36), plan_name varchar(255), phase_name varchar(255),
  catalog_effective_date datetime, start_date date, end_date date, amount numeric(15,9) NOT NULL,
  rate numeric(15,9) NULL, linked_item_id varchar(36), created_date datetime NOT NULL);
"""
ABILLS = """
CREATE TABLE users (uid int unsigned AUTO_INCREMENT PRIMARY KEY, id varchar(20) NOT NULL DEFAULT '',
  activate date NOT NULL DEFAULT '0000-00-00', expire date NOT NULL DEFAULT '0000-00-00',
  credit double(10, 2) NOT NULL DEFAULT 0, reduction double(6, 2) NOT NULL DEFAULT 0,
  disable tinyint(2) unsigned NOT NULL DEFAULT 0, deleted tinyint(1) unsigned NOT NULL DEFAULT 0,
  company_id int unsigned NOT NULL DEFAULT 0, bill_id int unsigned NOT NULL DEFAULT 0);
CREATE TABLE companies (id int unsigned AUTO_INCREMENT PRIMARY KEY, bill_id int unsigned NOT NULL DEFAULT 0,
  credit double(10, 2) NOT NULL DEFAULT 0);
CREATE TABLE bills (id int unsigned AUTO_INCREMENT PRIMARY KEY, deposit double(15, 6) NOT NULL DEFAULT 0);
CREATE TABLE tarif_plans (tp_id smallint unsigned AUTO_INCREMENT PRIMARY KEY, name varchar(80) NOT NULL DEFAULT '',
  month_fee double(14, 2) unsigned NOT NULL DEFAULT 0, age smallint unsigned NOT NULL DEFAULT 0,
  payment_type tinyint(1) NOT NULL DEFAULT 0, postpaid_monthly_fee tinyint(1) unsigned NOT NULL DEFAULT 0,
  reduction_fee tinyint(1) unsigned NOT NULL DEFAULT 0, module varchar(15) NOT NULL DEFAULT '',
  abon_distribution tinyint(1) NOT NULL DEFAULT 0, credit double(10, 2) unsigned NOT NULL DEFAULT 0);
CREATE TABLE iptv_main (id int unsigned AUTO_INCREMENT PRIMARY KEY, uid int unsigned NOT NULL DEFAULT 0,
  tp_id smallint unsigned NOT NULL DEFAULT 0, disable tinyint(1) unsigned NOT NULL DEFAULT 0,
  expire date NOT NULL DEFAULT '0000-00-00', activate date NOT NULL DEFAULT '0000-00-00',
  KEY tp_id (tp_id), KEY uid (uid));
CREATE TABLE fees (id int unsigned AUTO_INCREMENT PRIMARY KEY, date timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  sum double(12, 4) NOT NULL DEFAULT 0, dsc varchar(80) NOT NULL DEFAULT '', uid int unsigned NOT NULL DEFAULT 0,
  bill_id int unsigned NOT NULL DEFAULT 0, reg_date timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  KEY date (date), KEY uid (uid), KEY reg_date (reg_date));
"""


def statements(schema: str) -> list[str]:
    """Return the statements of a schema."""
    return [one for one in map(str.strip, schema.split(";\n")) if one]
