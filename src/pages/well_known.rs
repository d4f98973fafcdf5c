//! `GET /.well-known/change-password`: where password managers send people whose password is to be another (W3C, A
//! Well-Known URL for Changing Passwords).

use ::axum::response::Redirect;

pub(super) async fn change_password() -> Redirect {
    Redirect::to("/account/password")
}
