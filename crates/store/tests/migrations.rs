//! Two engines, one schema: the PostgreSQL text of a migration is made of the SQLite text by a few rules.
//!
//! `FUMIBAKO_BLESS=1` writes what the rules make. A file that begins with `-- By hand` is left alone; that it comes to
//! the same tables, columns and triggers is compared in both databases.

use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const BY_HAND: &str = "-- By hand";
/// What only PostgreSQL has.
const ONLY_POSTGRES: &str = "0000_sequencer.sql";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")
}

fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).expect("listed").map(|entry| entry.expect("entry").path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| {
            let name = path.file_name().expect("named").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("read"))
        })
        .collect()
}

#[test]
fn every_migration_is_there_for_both_engines() {
    let (sqlite, postgres) = (texts(&folder()), folder().join("postgres"));
    let mut triggers = Triggers::new();
    for (name, text) in &sqlite {
        let path = postgres.join(name);
        let present = fs::read_to_string(&path).unwrap_or_default();
        let translated = translate(text, &mut triggers);
        if present.starts_with(BY_HAND) {
            continue;
        }
        let translated = translated.unwrap_or_else(|why| panic!("{name}: {why}; write {} by hand", path.display()));
        if std::env::var_os("FUMIBAKO_BLESS").is_some() {
            fs::write(&path, &translated).expect("written");
        } else {
            assert_eq!(present, translated, "{name}: FUMIBAKO_BLESS=1 writes the text for PostgreSQL");
        }
    }
    let mut names: Vec<String> = texts(&postgres).into_keys().collect();
    names.retain(|name| name != ONLY_POSTGRES);
    assert_eq!(names, sqlite.into_keys().collect::<Vec<_>>());
}

/// Which table a trigger belongs to: taken away, it is named with its table on one engine and without on the other.
type Triggers = BTreeMap<String, String>;

/// The rules: texts compare by bytes, blobs are `BYTEA`, `IS NOT` between values is `IS DISTINCT FROM`, and a trigger that
/// refuses calls a function that does. Whatever else differs between the engines is refused here and written by hand.
fn translate(sqlite: &str, triggers: &mut Triggers) -> Result<String, String> {
    const UNKNOWN: [&str; 8] =
        ["PRAGMA", "AUTOINCREMENT", "WITHOUT ROWID", "STRICT", "REPLACE", "GLOB", " json_", "strftime"];
    let mut out = String::new();
    let mut lines = sqlite.lines().peekable();
    while let Some(line) = lines.next() {
        let (code, comment) = split_comment(line);
        if let Some(word) = UNKNOWN.iter().find(|word| code.contains(**word)) {
            return Err(format!("no rule for {word}"));
        }
        if code.starts_with("CREATE TRIGGER") {
            let mut whole = code.to_owned();
            while !whole.trim_end().ends_with("END;") {
                let line = lines.next().ok_or("a trigger without an end")?;
                whole.push('\n');
                whole.push_str(split_comment(line).0);
            }
            out.push_str(&trigger(&whole, triggers)?);
        } else if let Some(name) = code.strip_prefix("DROP TRIGGER ") {
            let name = name.trim_end().trim_end_matches(';');
            let table = triggers.get(name).ok_or("a trigger that nobody made")?;
            out.push_str(&format!("DROP TRIGGER {name} ON {table};"));
        } else {
            out.push_str(&values(code));
            out.push_str(comment);
        }
        out.push('\n');
    }
    Ok(out)
}

/// `CREATE TRIGGER name BEFORE … ON table [WHEN …] BEGIN SELECT RAISE(ABORT, 'why'); END;`
fn trigger(text: &str, triggers: &mut Triggers) -> Result<String, String> {
    const OTHER: &str = "a trigger that does more than refuse";
    let (head, rest) = text.split_once("BEGIN SELECT RAISE(ABORT, ").ok_or(OTHER)?;
    let why = rest.trim_end().strip_suffix("); END;").filter(|why| !why.contains(';')).ok_or(OTHER)?;
    let (event, condition) = head.split_once("WHEN").map_or((head, None), |(event, when)| (event, Some(when)));
    let event = event.trim_end();
    let mut words = event.split_whitespace();
    let (name, table) = (words.nth(2).ok_or(OTHER)?, words.last().ok_or(OTHER)?);
    triggers.insert(name.to_owned(), table.to_owned());
    let condition = condition.map(|condition| values(condition.trim()));
    match condition {
        // A condition cannot ask another row there; the function can.
        Some(condition) if condition.contains("SELECT") => Ok(format!(
            "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n    IF {condition} THEN\n        \
             RAISE EXCEPTION {why};\n    END IF;\n    RETURN coalesce(NEW, OLD);\nEND\n$$;\n{event} FOR EACH ROW\n \
             EXECUTE FUNCTION {name}();"
        )),
        condition => {
            let condition = condition.map(|condition| format!(" WHEN ({condition})\n")).unwrap_or_default();
            Ok(format!("{event} FOR EACH ROW\n{condition} EXECUTE FUNCTION refuse({why});"))
        }
    }
}

fn values(code: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let mut word = String::new();
    let close = |word: &mut String, out: &mut String, quoted: bool| {
        out.push_str(match word.as_str() {
            "TEXT" if !quoted => "TEXT COLLATE \"C\"",
            "BLOB" if !quoted => "BYTEA",
            other => other,
        });
        word.clear();
    };
    for letter in code.chars() {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        close(&mut word, &mut out, quoted);
        quoted ^= letter == '\'';
        out.push(letter);
    }
    close(&mut word, &mut out, quoted);
    // Where a NULL counts as a value like another.
    let parts: Vec<&str> = out.split(" IS NOT ").collect();
    let mut joined = parts[0].to_owned();
    for part in &parts[1..] {
        joined.push_str(if part.starts_with("NULL") { " IS NOT " } else { " IS DISTINCT FROM " });
        joined.push_str(part);
    }
    joined
}

/// Comments are kept as they are.
fn split_comment(line: &str) -> (&str, &str) {
    let mut quoted = false;
    let mut last = ' ';
    for (at, letter) in line.char_indices() {
        quoted ^= letter == '\'';
        if letter == '-' && last == '-' && !quoted {
            return line.split_at(at - 1);
        }
        last = letter;
    }
    (line, "")
}

#[test]
fn the_rules_make_what_postgresql_understands() {
    let translated = |text: &str| translate(text, &mut Triggers::new());
    assert_eq!(
        translated("    a TEXT NOT NULL, b BLOB, -- TEXT and 'BLOB'\n    c BIGINT CHECK (c <> 'TEXT'));")
            .expect("known"),
        "    a TEXT COLLATE \"C\" NOT NULL, b BYTEA, -- TEXT and 'BLOB'\n    c BIGINT CHECK (c <> 'TEXT'));\n"
    );
    let trigger = "CREATE TRIGGER t_same BEFORE UPDATE OF a ON t\n WHEN NEW.a IS NOT OLD.a OR OLD.b IS NOT NULL\n\
                   BEGIN SELECT RAISE(ABORT, 'never'); END;\nDROP TRIGGER t_same;";
    assert_eq!(
        translated(trigger).expect("known"),
        "CREATE TRIGGER t_same BEFORE UPDATE OF a ON t FOR EACH ROW\n \
         WHEN (NEW.a IS DISTINCT FROM OLD.a OR OLD.b IS NOT NULL)\n EXECUTE FUNCTION refuse('never');\n\
         DROP TRIGGER t_same ON t;\n"
    );
    for unknown in [
        "PRAGMA foreign_keys = OFF;",
        "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END;",
        "DROP TRIGGER of_nobody;",
    ] {
        assert!(translated(unknown).is_err(), "{unknown}");
    }
}

/// A schema as a set of sentences, so that a difference can be read.
type Schema = BTreeSet<String>;

#[tokio::test]
async fn both_engines_come_to_the_same_schema() {
    let (sqlite, postgres) = (sqlite().await, postgres().await);
    let only_sqlite: Vec<_> = sqlite.difference(&postgres).collect();
    let only_postgres: Vec<_> = postgres.difference(&sqlite).collect();
    assert!(sqlite.len() > 200, "{}", sqlite.len());
    assert!(
        only_sqlite.is_empty() && only_postgres.is_empty(),
        "SQLite: {only_sqlite:#?}\nPostgreSQL: {only_postgres:#?}"
    );
}

async fn sqlite() -> Schema {
    let mut c = SqliteConnection::connect("sqlite::memory:").await.expect("opened");
    Migrator::new(folder()).await.expect("read").run(&mut c).await.expect("migrated");
    const COLUMNS: &str = "
        SELECT 'column ' || t.name || '.' || c.name || ' ' || c.type || iif(c.\"notnull\" = 1 OR c.pk > 0, ' NOT NULL', '')
               || coalesce(' DEFAULT ' || c.dflt_value, '')
          FROM sqlite_master t JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
    const INDEXES: &str = "
        SELECT 'index ' || t.name || iif(i.\"unique\" = 1, ' UNIQUE', '') || iif(i.partial = 1, ' PARTIAL', '') || ' ('
               || (SELECT group_concat(coalesce(k.name, '…'), ', ') FROM pragma_index_info(i.name) k) || ')'
          FROM sqlite_master t JOIN pragma_index_list(t.name) i
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
    const KEYS: &str = "
        SELECT 'key ' || t.name || '.' || f.\"from\" || ' → ' || f.\"table\" || '.' || f.\"to\"
          FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'";
    const TRIGGERS: &str = "SELECT 'trigger ' || tbl_name || ' ' || name FROM sqlite_master WHERE type = 'trigger'";
    let mut schema = Schema::new();
    for query in [COLUMNS, INDEXES, KEYS, TRIGGERS] {
        schema.extend(sqlx::query_scalar::<_, String>(query).fetch_all(&mut c).await.expect("read"));
    }
    schema
}

async fn postgres() -> Schema {
    let database = test_postgres::database().expect("PostgreSQL");
    let mut c = PgConnection::connect(&database.owner).await.expect("connected");
    Migrator::new(folder().join("postgres")).await.expect("read").run(&mut c).await.expect("migrated");
    // An index's own columns; an expression has no column and number 0.
    const COLUMNS: &str = "
        SELECT 'column ' || table_name || '.' || column_name || ' '
               || CASE data_type WHEN 'text' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB' WHEN 'bigint' THEN 'BIGINT' ELSE data_type END
               || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
               || coalesce(' DEFAULT ' || regexp_replace(column_default, '::[a-z]+$', ''), '')
          FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT IN ('sequencer', '_sqlx_migrations')";
    const INDEXES: &str = "
        SELECT 'index ' || t.relname || CASE WHEN i.indisunique THEN ' UNIQUE' ELSE '' END
               || CASE WHEN i.indpred IS NOT NULL THEN ' PARTIAL' ELSE '' END || ' ('
               || (SELECT string_agg(coalesce(a.attname, '…'), ', ' ORDER BY k.place)
                     FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                     LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number AND k.number > 0) || ')'
          FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
         WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT IN ('sequencer', '_sqlx_migrations')";
    const KEYS: &str = "
        SELECT 'key ' || f.relname || '.' || a.attname || ' → ' || t.relname || '.' || b.attname
          FROM pg_constraint c
          JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid
          JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = c.conkey[1]
          JOIN pg_attribute b ON b.attrelid = t.oid AND b.attnum = c.confkey[1]
         WHERE c.contype = 'f'";
    // Emptying a table is nothing that SQLite has.
    const TRIGGERS: &str = "
        SELECT 'trigger ' || t.relname || ' ' || g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
         WHERE NOT g.tgisinternal AND g.tgname NOT LIKE '%\\_truncate'";
    let mut schema = Schema::new();
    for query in [COLUMNS, INDEXES, KEYS, TRIGGERS] {
        schema.extend(sqlx::query_scalar::<_, String>(query).fetch_all(&mut c).await.expect("read"));
    }
    schema
}

/// Every migration before this one, or all of them.
async fn up_to(folder: &Path, before: Option<i64>) -> Migrator {
    let mut migrator = Migrator::new(folder.to_owned()).await.expect("read");
    migrator.migrations.to_mut().retain(|migration| before.is_none_or(|before| migration.version < before));
    migrator
}

/// A blob is written `{0aff}`.
const MONTH_BEFORE: &str = "
    INSERT INTO office (office_id, office_number, name, service_types, key_id, public_key, created_at) VALUES
        ('o1', '1370000011', '', '43', 'k', {00}, ''), ('o2', '1370000022', '', '11', 'k', {00}, '');
    INSERT INTO transmission (transmission_id, accepted_index, sender_office_id, sender_type, receiver_office_id, receiver_type,
                              kind, serial, digest, commitment_salt, envelope, warnings, size_bytes, accepted_at) VALUES
        ('t1', 1, 'o1', '43', 'o2', '11', 'schedule', 's1', '', {00}, {00}, 0, 0, ''),
        ('t2', 2, 'o1', '43', 'o2', '11', 'schedule', 's2', '', {00}, {00}, 0, 0, '');
    INSERT INTO person VALUES ('o1', 'p1', {0aff}, 1, 'l1'), ('o2', 'p2', NULL, 0, 'l2');
    INSERT INTO person_set VALUES ('m1', 't1', 'o1', 'p1', 'o2', 'plan', '202604', 1, 0, 'c1', 0, 0),
        ('m1', 't2', 'o1', 'p1', 'o2', 'plan', '202604', 1, 0, 'c2', 0, 1), ('m2', 't2', 'o2', 'p2', 'o1', 'care', '', 0, 1, 'c2', 1, 0);
    INSERT INTO month_comparison VALUES ('o1', 'p1', '202604', 'o2', 'b', {00fe10}, 'at');";
const MONTH_ROWS: [&str; 3] = [
    "SELECT office_id || ' ' || person_index || ' ' || coalesce({label_sealed}, '-') || ' ' || named || ' ' || label_order FROM person
      ORDER BY 1",
    "SELECT subject_index || ' ' || transmission_id || ' ' || office_id || ' ' || person_index || ' ' || partner_id || ' ' || family
            || ' ' || month || ' ' || sent || ' ' || deletes || ' ' || chain_order || ' ' || taken_back || ' ' || latest
       FROM person_set ORDER BY 1",
    "SELECT office_id || ' ' || person_index || ' ' || month || ' ' || partner_id || ' ' || basis || ' ' || result_sealed || ' '
            || made_at FROM month_comparison ORDER BY 1",
];

#[tokio::test]
async fn a_month_that_is_put_in_one_place_keeps_its_rows() {
    const PUT: i64 = 29;
    let mut c = SqliteConnection::connect("sqlite::memory:").await.expect("opened");
    up_to(&folder(), Some(PUT)).await.run(&mut c).await.expect("migrated");
    let before = MONTH_BEFORE.replace('{', "X'").replace('}', "'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(before)).execute(&mut c).await.expect("written");
    up_to(&folder(), None).await.run(&mut c).await.expect("migrated");
    let mut rows: Vec<Vec<String>> = Vec::new();
    for sql in MONTH_ROWS {
        let sql = sql.replace("{label_sealed}", "nullif(lower(hex(label_sealed)), '')");
        rows.push(sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut c).await.expect("read"));
    }
    assert_eq!(rows[0], ["o1 p1 0aff 1 l1", "o2 p2 - 0 l2"]);
    assert_eq!(
        rows[1],
        [
            "m1 t1 o1 p1 o2 plan 202604 1 0 c1 0 0",
            "m1 t2 o1 p1 o2 plan 202604 1 0 c2 0 1",
            "m2 t2 o2 p2 o1 care  0 1 c2 1 0"
        ]
    );
    assert_eq!(rows[2], ["o1 p1 202604 o2 b 00fe10 at"]);

    let database = test_postgres::database().expect("PostgreSQL");
    let mut c = PgConnection::connect(&database.owner).await.expect("connected");
    let postgres = folder().join("postgres");
    up_to(&postgres, Some(PUT)).await.run(&mut c).await.expect("migrated");
    let before = MONTH_BEFORE.replace('{', "'\\x").replace('}', "'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(before)).execute(&mut c).await.expect("written");
    up_to(&postgres, None).await.run(&mut c).await.expect("migrated");
    for (sql, expected) in MONTH_ROWS.into_iter().zip(&rows) {
        let sql = sql.replace("{label_sealed}", "encode(label_sealed, 'hex')");
        let found: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut c).await.expect("read");
        assert_eq!(found, *expected);
    }
}
