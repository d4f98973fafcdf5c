//! The guide: the pages of the folder `docs`, as they are in the repository.
//!
//! | page | for whom |
//! |---|---|
//! | [`embedding`] | who writes a service in Rust |
//! | [`login`] | who writes a client: steps, tokens, errors |
//! | [`passkeys`] | who wants logins without passwords |
//! | [`services`] | who has one portcullis and several services, in any language |
//! | [`forward_auth`](crate::http::forward_auth) | who has a service that knows nothing of tokens |
//! | [`defaults`] | who runs it: every setting, and why it is as it is |
//! | [`deployment`] | who runs it: one node or many, proxies, backups, sizes, a hundred million users |
//! | [`upgrading`] | who runs it next year |
//! | [`threats`] | who has to trust it |
//! | [`conformance`] | who has to show it to others |
//! | [`comparison`] | who has not decided yet |

/// A page. What its links lead to in the repository they lead to here: of two definitions of a link the first holds.
macro_rules! page {
    ($name:ident) => {
        /// [embedding]: crate::guide::embedding
        /// [login]: crate::guide::login
        /// [passkeys]: crate::guide::passkeys
        /// [services]: crate::guide::services
        /// [forward auth]: crate::http::forward_auth
        /// [defaults]: crate::guide::defaults
        /// [deployment]: crate::guide::deployment
        /// [upgrading]: crate::guide::upgrading
        /// [threats]: crate::guide::threats
        /// [conformance]: crate::guide::conformance
        /// [comparison]: crate::guide::comparison
        /// [import]: crate::import
        /// [`testing`]: crate::testing
        /// [`GuardedRouter`]: crate::axum::GuardedRouter
        /// [`Principal`]: crate::Principal
        /// [`Config`]: crate::config::Config
        /// [`Device`]: crate::session::Device
        /// [axum example]: https://docs.rs/crate/portcullis/latest/source/examples/axum.rs
        /// [directory example]: https://docs.rs/crate/portcullis/latest/source/examples/directory.rs
        /// [hyper example]: https://docs.rs/crate/portcullis/latest/source/examples/hyper.rs
        /// [tonic example]: https://docs.rs/crate/portcullis/latest/source/examples/tonic.rs
        /// [service example]: https://docs.rs/crate/portcullis/latest/source/examples/service.rs
        /// [websocket example]: https://docs.rs/crate/portcullis/latest/source/examples/websocket.rs
        /// [curl]: https://docs.rs/crate/portcullis/latest/source/examples/clients/curl.sh
        /// [python]: https://docs.rs/crate/portcullis/latest/source/examples/clients/client.py
        /// [page]: https://docs.rs/crate/portcullis/latest/source/examples/clients/page.html
        /// [benches]: https://docs.rs/crate/portcullis/latest/source/benches/README.md
        /// [CHANGELOG.md]: https://docs.rs/crate/portcullis/latest/source/CHANGELOG.md
        /// [SECURITY.md]: https://docs.rs/crate/portcullis/latest/source/SECURITY.md
        #[doc = include_str!(concat!("../docs/", stringify!($name), ".md"))]
        pub mod $name {}
    };
}

page!(embedding);
page!(login);
page!(passkeys);
page!(services);
page!(defaults);
page!(deployment);
page!(upgrading);
page!(threats);
page!(conformance);
page!(comparison);
