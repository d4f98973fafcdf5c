//! The server and its command line: wiring only.

mod calibrate;
mod cli;
mod config;
mod connection;
mod cors;
mod docs;
mod events;
mod export;
mod first_admin;
mod health;
mod healthcheck;
mod import;
mod key;
mod listener;
mod logs;
mod master_key;
mod member;
mod metrics;
mod migrate;
mod open;
mod openapi;
mod password;
mod print;
mod private;
mod request;
mod role;
mod serve;
mod settings;
mod transfer;
mod user;

use std::{error::Error, process::ExitCode};

use clap::Parser;

use self::{
    cli::{Cli, Command, ConfigCommand, MasterKeyCommand},
    settings::Settings,
};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    logs::start();
    match run(cli).await {
        Ok(code) => code,
        Err(error) => {
            print::error(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Box<dyn Error>> {
    let settings = Settings::read(cli.config.as_deref(), std::env::vars_os(), cli.flags.0);
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(&settings?).await?,
        Command::Migrate => migrate::migrate(&settings?, cli.json).await?,
        Command::User { command } => user::run(&settings?, command, cli.json).await?,
        Command::Role { command } => role::run(&settings?, command, cli.json).await?,
        Command::Member { command } => member::run(&settings?, command, cli.json).await?,
        Command::Key { command } => key::run(&settings?, command, cli.json).await?,
        Command::MasterKey { command: MasterKeyCommand::Rotate } => master_key::rotate(&settings?, cli.json).await?,
        Command::Import(from) => return import::import(&settings?, &from, cli.json).await,
        Command::Export { file } => export::export(&settings?, file.as_deref(), cli.json).await?,
        Command::Events(asked) => events::print(&settings?, &asked, cli.json).await?,
        Command::Calibrate { within } => calibrate::calibrate(&settings?, within, cli.json).await?,
        Command::Openapi => openapi::print(cli.json)?,
        Command::Healthcheck => return healthcheck::check(&settings?, cli.json).await,
        Command::Config { command: ConfigCommand::Check } => return config::check(settings, cli.json),
        Command::Config { command: ConfigCommand::Show } => config::show(&settings?, cli.json)?,
    }
    Ok(ExitCode::SUCCESS)
}
