//! The migrations, built into the library. `migrations/README.md` has the rules for adding one.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Every migration in this folder. One list names the files of both databases, so neither can fall behind.
macro_rules! migrations_in {
    ($folder:literal) => {
        migrations_in!($folder: 1 user, 2 session, 3 revocation, 4 attempt, 5 event, 6 key)
    };
    ($folder:literal: $($number:literal $name:ident),+) => {
        [$((
            $number,
            stringify!($name),
            include_str!(concat!("../../migrations/", $folder, "/000", $number, "_", stringify!($name), ".sql")),
        )),+]
    };
}

/// What a SQLite file is brought up to.
#[cfg(feature = "sqlite")]
pub(super) fn sqlite() -> Migrator {
    migrator(migrations_in!("sqlite"))
}

/// What a PostgreSQL database is brought up to.
#[cfg(feature = "postgres")]
pub(super) fn postgres() -> Migrator {
    migrator(migrations_in!("postgres"))
}

fn migrator<const N: usize>(files: [(i64, &'static str, &'static str); N]) -> Migrator {
    let migration = |(number, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(files.map(migration).to_vec());
    // While nodes are replaced one by one, the old program meets a schema that the new one has already extended.
    migrator.set_ignore_missing(true);
    migrator
}
