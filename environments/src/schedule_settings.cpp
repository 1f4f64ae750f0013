// What a [[schedule]] may have, one row each: its member is in ScheduleSetting.
#include "baton/environments/environment.hpp"
#include "table_item.hpp"

namespace baton::environments {
namespace {

template <auto member>
constexpr SettingMember value() {
    return item_of<&Environment::schedules, member>();
}

constexpr std::string_view overlaps[] = {"skip", "queue", "cancel", "allow"};
constexpr std::string_view misses[] = {"skip", "last", "all"};

// The order is that of docs/settings.md.
constexpr SettingRule rules[] = {
    {.key = "schedule.name",
     .help = "name of the schedule",
     .member = value<&ScheduleSetting::name>(),
     .is_required = true},
    {.key = "schedule.spec",
     .help = "when: cron, \"every 15 minutes\", \"every day at 02:30\"",
     .member = value<&ScheduleSetting::spec>(),
     .is_required = true},
    {.key = "schedule.zone",
     .help = "whose time it is, as \"Europe/Berlin\"",
     .member = value<&ScheduleSetting::zone>(),
     .fallback = "UTC"},
    {.key = "schedule.handler",
     .help = "the handler of which each time becomes a task; or",
     .member = value<&ScheduleSetting::handler>()},
    {.key = "schedule.event",
     .help = "the type of the event that each time becomes",
     .member = value<&ScheduleSetting::event>()},
    {.key = "schedule.payload",
     .help = "what the task or event has, as JSON",
     .member = value<&ScheduleSetting::payload>(),
     .fallback = "{}"},
    {.key = "schedule.key", .help = "the event's key", .member = value<&ScheduleSetting::key>()},
    {.key = "schedule.tenant", .help = "whose it is", .member = value<&ScheduleSetting::tenant>()},
    {.key = "schedule.priority",
     .help = "the task's priority: higher goes first",
     .member = value<&ScheduleSetting::priority>(),
     .fallback = "0",
     .min = -1000,
     .max = 1000},
    {.key = "schedule.labels",
     .help = "what a node must have for the task",
     .member = value<&ScheduleSetting::labels>(),
     .items = "labels"},
    {.key = "schedule.overlap",
     .help = "what becomes of a time while the task of the former one is not done: skip unless it "
             "is said, of an event allow",
     .member = value<&ScheduleSetting::overlap>(),
     .choices = overlaps},
    {.key = "schedule.missed",
     .help = "what becomes of the times at which nobody was there",
     .member = value<&ScheduleSetting::missed>(),
     .fallback = "last",
     .choices = misses},
    {.key = "schedule.missed_limit",
     .help = "how many of them, where it is all",
     .member = value<&ScheduleSetting::missed_limit>(),
     .fallback = "100",
     .min = 1,
     .max = 1000},
    {.key = "schedule.missed_window_s",
     .help = "of how many seconds back, where it is all",
     .member = value<&ScheduleSetting::missed_window>(),
     .fallback = "86400",
     .min = 60,
     .max = 315'360'000},
    {.key = "schedule.jitter_ms",
     .help = "each time is made up to so many milliseconds later, the same always as much",
     .member = value<&ScheduleSetting::jitter>(),
     .fallback = "0",
     .min = 0,
     .max = 86'400'000},
    {.key = "schedule.starts_at",
     .help = "none before, as \"2026-12-01 00:00+01\"",
     .member = value<&ScheduleSetting::starts_at>()},
    {.key = "schedule.ends_at", .help = "none after", .member = value<&ScheduleSetting::ends_at>()},
};

}  // namespace

std::span<const SettingRule> schedule_rules() { return rules; }

}  // namespace baton::environments
