//! How a plugin's options are declared: each may be absent, and what it does not have is kept.

/// Declares the options of a plugin. Each option is optional; the docs of a field tell its default.
macro_rules! plugin {
    (
        $(#[doc = $doc:literal])*
        $name:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)* }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
        pub struct $name {
            /// `false`: off.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub enabled: Option<bool>,
            $(
                $(#[$meta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
            /// Options that it does not have.
            #[serde(flatten)]
            #[schemars(skip)]
            pub unknown: crate::job::Unknown,
        }

        impl super::Plugin for $name {
            fn is_enabled(&self) -> bool {
                self.enabled != Some(false)
            }
            fn unknown(&self) -> &crate::job::Unknown {
                &self.unknown
            }
        }
    };
}

pub(super) use plugin;
