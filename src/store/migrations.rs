//! The migrations, built into the library. `migrations/README.md` has the rules for adding one.

use sqlx::{
    SqlSafeStr,
    migrate::{Migrate, Migration, MigrationType, Migrator},
};

/// Every migration in this folder. One list names the files of both databases, so neither can fall behind.
macro_rules! migrations_in {
    ($folder:literal) => {
        migrations_in!(
            $folder:
            "000" (1 user, 2 session, 3 revocation, 4 attempt, 5 event, 6 key, 7 refresh, 8 role, 9 revocation_journal)
            "00" (10 key_rotation, 11 outbox, 12 flow, 13 second_factor, 14 must_change_password, 15 one_time_token,
                16 known_device, 17 api_key, 18 administration, 19 passkey, 20 newcomer,
                21 claim, 22 challenge_asker, 23 session_cookie, 24 trail, 25 external_user)
        )
    };
    ($folder:literal: $($zeros:literal ($($number:literal $name:ident),+))+) => {
        [$($((
            $number,
            stringify!($name),
            include_str!(concat!("../../migrations/", $folder, "/", $zeros, $number, "_", stringify!($name), ".sql")),
        )),+),+]
    };
}

/// Brings a SQLite file up to date, in the transaction that this connection is in.
#[cfg(feature = "sqlite")]
pub(super) async fn run_on_sqlite(connection: &mut sqlx::SqliteConnection) -> sqlx::Result<()> {
    run(migrator(migrations_in!("sqlite")), connection).await
}

/// Brings a PostgreSQL database up to date.
#[cfg(feature = "postgres")]
pub(super) async fn run_on_postgres(connection: &mut sqlx::PgConnection) -> sqlx::Result<()> {
    run(migrator(migrations_in!("postgres")), connection).await
}

async fn run<C: Migrate>(migrator: Migrator, connection: &mut C) -> sqlx::Result<()> {
    // The inside of `Migrator::run`, whose own future the compiler cannot see to be `Send`.
    Ok(migrator.run_direct(None, connection, false).await?)
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
