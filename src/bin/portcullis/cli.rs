//! What can be typed after `portcullis`.

use std::{path::PathBuf, time::Duration};

use clap::{Arg, ArgAction, ArgMatches, Args, Command as ClapCommand, FromArgMatches, Parser, Subcommand};

use crate::settings::{Kind, SETTINGS, Setting, Settings, Source, Stated};

/// Accounts, and the tokens that guard services.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The settings file [default: portcullis.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) flags: Flags,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the accounts over HTTP (the default)
    Serve,
    /// Bring the database's schema up to date, making the database if there is none
    Migrate,
    /// Look after users
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Look after roles
    Role {
        #[command(subcommand)]
        command: RoleCommand,
    },
    /// Let users in to single resources, and out
    Member {
        #[command(subcommand)]
        command: MemberCommand,
    },
    /// Look after the keys that sign tokens
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Look after the key that opens the database's secrets
    MasterKey {
        #[command(subcommand)]
        command: MasterKeyCommand,
    },
    /// Make users from a file of another system, with the passwords they have; or move a whole database
    ///
    /// The file holds a JSON object a line, or what Django's `dumpdata auth.user` writes. Nobody who is there already is
    /// changed. The exit code is 1 if anyone was skipped. An address counts as confirmed where the file says so.
    ///
    /// With `--from` and `--to` everything in a SQLite file is moved to an empty PostgreSQL database, and every row is read
    /// back and compared before any is kept. Stop the server first. The master key's file stays good, and has to be copied
    /// to every machine that starts a server on the new database.
    Import(Import),
    /// Write every user to a file that `import` reads, with the hash of their password
    Export {
        /// The file, made for its owner alone; it must not be there yet [default: standard output]
        file: Option<PathBuf>,
    },
    /// Print the trail: what happened to which account, the newest first
    Events(Events),
    /// Measure what password hashes cost on this machine, and say which cost to take
    Calibrate {
        /// How long one hash may take
        #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = humantime::parse_duration)]
        within: Duration,
    },
    /// Print the OpenAPI document that the server has at `/openapi.json`
    Openapi,
    /// Ask the server that these settings describe whether it is ready, for containers
    ///
    /// The exit code is 0 if it answers 200 at `/readyz` within five seconds, else 1. It is asked at the address of `listen`,
    /// or at loopback where that is every address, by plain HTTP, which is what it speaks.
    Healthcheck,
    /// Look at the settings
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account, whatever the registration policy
    Add(NewUser),
    /// Print the accounts, the newest first
    List {
        /// Only those with this in the user name, the e-mail address or the name
        text: Option<String>,
        /// Only those who wait to be let in
        #[arg(long)]
        pending: bool,
    },
    /// Print an account
    Show {
        /// The user name or the e-mail address
        name: String,
    },
    /// Let a user in who has asked for an account and waits
    Approve {
        /// The user name or the e-mail address
        name: String,
    },
    /// Delete an account; its user name is never given to anyone again
    Delete {
        /// The user name or the e-mail address
        name: String,
    },
    /// Set a password that the user has to change; their second factors, sessions and API keys go
    ResetPassword {
        /// The user name or the e-mail address
        name: String,
        /// Read the password from the first line of standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove every second factor of a user, and end their sessions
    ResetSecondFactor {
        /// The user name or the e-mail address
        name: String,
    },
    /// Shut an account and end its sessions
    Disable {
        /// The user name or the e-mail address
        name: String,
    },
    /// Open an account again that was disabled
    Enable {
        /// The user name or the e-mail address
        name: String,
    },
    /// Give a user these roles and no others
    Roles {
        /// The user name or the e-mail address
        name: String,
        /// The roles; none takes all of them away
        roles: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Print the resources that a user is let in to, and how far
    List {
        /// The user name or the e-mail address
        name: String,
    },
    /// Let a user in to a resource up to a level, in place of the one they had
    Set {
        /// The kind of resource
        resource: String,
        /// Which one
        id: String,
        /// The user name or the e-mail address
        name: String,
        /// One of `membership_levels`
        level: String,
    },
    /// End a user's membership in a resource
    End {
        /// The kind of resource
        resource: String,
        /// Which one
        id: String,
        /// The user name or the e-mail address
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// Print every role and what it may do
    List,
    /// Make a role, or let one that is there do this and nothing else
    Set {
        /// The role's name
        name: String,
        /// What it may do
        scopes: Vec<String>,
    },
    /// Delete a role and take it from everyone who has it
    Delete {
        /// The role's name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewUser {
    /// The user name
    pub(crate) name: String,
    /// The e-mail address
    pub(crate) email: String,
    /// Give the user the role `admin`
    #[arg(long)]
    pub(crate) admin: bool,
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Ask for no password: a link is mailed to the user, by which they set one
    #[arg(long, conflicts_with = "password_stdin")]
    pub(crate) invite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file; `-` is standard input
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    pub(crate) file: Option<PathBuf>,
    /// Write nothing, and say what would be done
    #[arg(long, conflicts_with = "from")]
    pub(crate) dry_run: bool,
    /// Move everything from this SQLite database instead of users from a file: `sqlite:` and the path
    #[arg(long, value_name = "URL", requires = "to")]
    pub(crate) from: Option<String>,
    /// The empty PostgreSQL database that everything is moved to: `postgres://…`
    #[arg(long, value_name = "URL", requires = "from")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Only what happened to this user: the user name or the e-mail address, or the id of one who is gone
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Only what is of this kind, such as `login_failed`
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Print every key and what it does
    List,
    /// Publish a new key, which signs once every cached copy of the key set has it: after six minutes
    Rotate {
        /// Let the new key sign at once, because the one that signs is in other hands
        #[arg(long)]
        now: bool,
    },
    /// Declare every token that a key has signed bad
    Retire {
        /// The key's id
        ///
        /// It may begin with a hyphen. Where it looks like a flag then, such as `-h`, put `--` before it.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MasterKeyCommand {
    /// Replace the key in the master key's file, and wrap the database's secrets with the new one
    Rotate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Tell whether the settings can be used, and what is wrong with them if not
    Check,
    /// Print every setting in force and where it comes from
    Show,
}

/// One flag for each setting, from the table of settings.
#[derive(Debug)]
pub(crate) struct Flags(pub(crate) Vec<Stated>);

impl Args for Flags {
    fn augment_args(command: ClapCommand) -> ClapCommand {
        let defaults = Settings::defaults().ok();
        SETTINGS.iter().fold(command, |command, setting| command.arg(flag_of(setting, defaults.as_ref())))
    }

    fn augment_args_for_update(command: ClapCommand) -> ClapCommand {
        Self::augment_args(command)
    }
}

fn flag_of(setting: &Setting, defaults: Option<&Settings>) -> Arg {
    let default = defaults.map(|defaults| (setting.show)(defaults)).filter(|default| !default.is_empty());
    let default = default.unwrap_or_else(|| "none".to_owned());
    let flag = Arg::new(setting.key)
        .long(setting.flag())
        .help(format!("{} [{}] [default: {default}]", setting.help, setting.variable()))
        .help_heading("Settings")
        .action(ArgAction::Set)
        .global(true);
    match setting.kind {
        Kind::Value => flag.value_name("VALUE"),
        Kind::List => flag.value_name("LIST"),
        Kind::Switch => flag.value_name("BOOL").num_args(0..=1).require_equals(true).default_missing_value("true"),
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = SETTINGS.iter().filter_map(|setting| {
            let text = matches.get_one::<String>(setting.key)?.clone();
            Some(Stated { setting, text, source: Source::Flag(setting.flag()) })
        });
        Ok(Self(typed.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_may_stand_before_and_behind_the_command() {
        let cli = Cli::parse_from(["portcullis", "--listen", "[::1]:1", "config", "show", "--insecure-http", "--json"]);
        let typed: Vec<_> = cli.flags.0.iter().map(|flag| (flag.setting.key, flag.text.as_str())).collect();
        assert_eq!(typed, [("listen", "[::1]:1"), ("insecure_http", "true")]);
        assert!(cli.json);
    }

    #[test]
    fn a_password_is_never_an_argument() {
        assert!(Cli::try_parse_from(["portcullis", "user", "add", "ada", "ada@example.org", "a password"]).is_err());
        assert!(
            Cli::try_parse_from(["portcullis", "user", "add", "ada", "ada@example.org", "--password", "x"]).is_err()
        );
    }
}
