//! What every project knows without declaring it.

/// Events that Wend itself makes: nobody declares, sends or emits them.
pub const BUILT_IN_EVENTS: [&str; 9] = [
    "page_viewed",
    "message_clicked",
    "message_opened",
    "message_replied",
    "message_bounced",
    "any_activity",
    "contact_created",
    "opt_in_requested",
    "sms_help_requested",
];

/// The event that a form of `wend.yaml` leads to. A project may declare it as well, for forms that post elsewhere.
pub const FORM_SUBMITTED: &str = "form_submitted";

/// Attributes that every contact can have without a declaration.
pub(crate) const BUILT_IN_ATTRIBUTES: [&str; 8] = [
    "id",
    "user_id",
    "email",
    "phone",
    "zone",
    "locale",
    "country",
    "created_at",
];
