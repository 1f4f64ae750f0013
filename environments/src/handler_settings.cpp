// What a [[handler]] may have, one row each: its member is in HandlerSetting.
#include "baton/environments/environment.hpp"
#include "table_item.hpp"

namespace baton::environments {
namespace {

template <auto member>
constexpr SettingMember value() {
    return item_of<&Environment::handlers, member>();
}

constexpr std::int64_t version_max = 9999;
constexpr std::string_view lanes[] = {"none", "key"};  // in the order of HandlerLane
constexpr std::string_view kinds[] = {"command", "http"};
constexpr std::string_view methods[] = {"POST", "PUT", "PATCH"};

// The order is that of docs/settings.md.
constexpr SettingRule rules[] = {
    {.key = "handler.name",
     .help = "name of the handler",
     .member = value<&HandlerSetting::name>(),
     .is_required = true},
    {.key = "handler.version",
     .help = "raised with each change of what it does",
     .member = value<&HandlerSetting::version>(),
     .min = 1,
     .max = version_max,
     .is_required = true},
    {.key = "handler.kind",
     .help = "what does its tasks: a command, or an endpoint",
     .member = value<&HandlerSetting::kind>(),
     .fallback = "command",
     .choices = kinds},
    {.key = "handler.command",
     .help = "the program, as a path or a name to find in PATH, and its arguments; no shell",
     .member = value<&HandlerSetting::command>(),
     .items = "words",
     .is_required = true,
     .of_kind = "command"},
    {.key = "handler.folder",
     .help = "where it is run, and what its paths are relative to; relative to this file",
     .member = value<&HandlerSetting::folder>(),
     .fallback = ".",
     .of_kind = "command"},
    {.key = "handler.files",
     .help = "what it is made of beside the program: they are part of its build",
     .member = value<&HandlerSetting::files>(),
     .items = "paths",
     .of_kind = "command"},
    {.key = "handler.events",
     .help = "the types of events that become tasks of it",
     .member = value<&HandlerSetting::events>(),
     .items = "types of events"},
    {.key = "handler.lane",
     .help = "whether the tasks of one key are done one after the other: their event's key is "
             "their lane",
     .member = value<&HandlerSetting::lane>(),
     .fallback = "none",
     .choices = lanes},
    {.key = "handler.accepts_from",
     .help = "the versions whose tasks it does, too",
     .member = value<&HandlerSetting::accepts_from>(),
     .min = 1,
     .max = version_max,
     .items = "versions from 1 to 9999"},
    {.key = "handler.variables",
     .help = "variables of the node that it gets, beside those that each command gets",
     .member = value<&HandlerSetting::variables>(),
     .items = "names of variables",
     .of_kind = "command"},
    {.key = "handler.timeout_ms",
     .help = "after how many milliseconds it is ended, and the attempt has failed; 0: never, of an "
             "endpoint after 30 seconds",
     .member = value<&HandlerSetting::time_limit>(),
     .fallback = "0",
     .min = 0,
     .max = 86'400'000},
    {.key = "handler.threads",
     .help = "how many of its tasks run at once on a node",
     .member = value<&HandlerSetting::threads>(),
     .fallback = "4",
     .min = 1,
     .max = 256,
     .of_kind = "command"},
    {.key = "handler.url",
     .help = "where its requests go; https, unless endpoints.plain_http says otherwise",
     .member = value<&HandlerSetting::url>(),
     .is_required = true,
     .of_kind = "http"},
    {.key = "handler.method",
     .help = "the method of its requests",
     .member = value<&HandlerSetting::method>(),
     .fallback = "POST",
     .choices = methods,
     .of_kind = "http"},
    {.key = "handler.headers",
     .help = "headers of its requests, beside those that each has",
     .member = value<&HandlerSetting::headers>(),
     .items = "headers like \"x-team: billing\"",
     .of_kind = "http"},
    {.key = "handler.bearer",
     .help = "the name of the secret that is its bearer token: env:NAME or file:PATH",
     .member = value<&HandlerSetting::bearer>(),
     .of_kind = "http"},
    {.key = "handler.sign_with",
     .help = "the names of the secrets that sign its requests (Standard Webhooks), the newest "
             "first: env:NAME or file:PATH",
     .member = value<&HandlerSetting::sign_with>(),
     .items = "names of secrets",
     .of_kind = "http"},
    {.key = "handler.answer_max_bytes",
     .help = "how large an answer may be",
     .member = value<&HandlerSetting::answer_max>(),
     .fallback = "65536",
     .min = 0,
     .max = 1'048'576,
     .of_kind = "http"},
    {.key = "handler.callback_s",
     .help =
         "how many seconds after an answer of 202 its callback may come; 0: none comes, and 202 "
         "is as any other 2xx",
     .member = value<&HandlerSetting::callback>(),
     .fallback = "0",
     .min = 0,
     .max = 2'592'000,
     .of_kind = "http"},
    {.key = "handler.concurrency",
     .help = "how many of its requests a node has under way at once",
     .member = value<&HandlerSetting::concurrency>(),
     .fallback = "16",
     .min = 1,
     .max = 1000,
     .of_kind = "http"},
};

}  // namespace

std::span<const SettingRule> handler_rules() { return rules; }

}  // namespace baton::environments
