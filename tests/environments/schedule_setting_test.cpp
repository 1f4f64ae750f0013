// [[schedule]] of an environment file.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "environments/environment_fixture.hpp"

namespace baton::environments {
namespace {

class ScheduleSettingTest : public EnvironmentTest {};

TEST_F(ScheduleSettingTest, AllOfItIsReadAndTheRestHasItsDefaults) {
    const std::string file =
        write("shop.toml",
              whole + std::string("[[schedule]]\nname = \"nightly\"\nspec = \"@daily\"\n"
                                  "handler = \"send\"\n"
                                  "[[schedule]]\nname = \"b\"\nspec = \"every hour\"\n"
                                  "zone = \"Asia/Kolkata\"\nevent = \"hour/over\"\n"
                                  "payload = '{\"n\": 1}'\nkey = \"k\"\ntenant = \"t\"\n"
                                  "priority = -5\nlabels = [\"gpu\"]\noverlap = \"queue\"\n"
                                  "missed = \"all\"\nmissed_limit = 3\n"
                                  "missed_window_s = 60\njitter_ms = 250\n"
                                  "starts_at = \"2026-12-01T00:00:00Z\"\n"
                                  "ends_at = \"2027-12-01T00:00:00Z\"\n"))
            .string();
    const Environment shop = load({{"--env", "shop"}});
    ASSERT_EQ(shop.schedules.size(), 2U);
    const ScheduleSetting& least = shop.schedules[0].value;
    EXPECT_EQ(shop.schedules[0].origin.substr(0, file.size() + 1), file + ":");
    EXPECT_EQ(least.name + " " + least.spec + " " + least.zone + " " + least.handler,
              "nightly @daily UTC send");
    EXPECT_EQ(least.event + least.key + least.tenant + least.overlap + least.starts_at, "");
    EXPECT_EQ(least.payload + " " + least.missed, "{} last");
    EXPECT_EQ(least.missed_limit, 100);
    EXPECT_EQ(least.missed_window, std::chrono::hours(24));
    const ScheduleSetting& all = shop.schedules[1].value;
    EXPECT_EQ(all.name + " " + all.spec + " " + all.zone + " " + all.event + " " + all.payload,
              "b every hour Asia/Kolkata hour/over {\"n\": 1}");
    EXPECT_EQ(all.key + all.tenant + all.overlap + all.missed, "ktqueueall");
    EXPECT_EQ(all.priority, -5);
    EXPECT_EQ(all.labels, std::vector<std::string>{"gpu"});
    EXPECT_EQ(all.missed_limit, 3);
    EXPECT_EQ(all.missed_window, std::chrono::seconds(60));
    EXPECT_EQ(all.jitter, std::chrono::milliseconds(250));
    EXPECT_EQ(all.starts_at + " " + all.ends_at, "2026-12-01T00:00:00Z 2027-12-01T00:00:00Z");
    std::string shown;
    for (const SettingLine& line : described(shop)) {
        if (line.key.starts_with("schedule.")) shown += line.key + " = " + line.value + "; ";
    }
    EXPECT_EQ(shown,
              "schedule.nightly = send: @daily UTC; "
              "schedule.b = event hour/over: every hour Asia/Kolkata; ");
}

TEST_F(ScheduleSettingTest, WhatIsWrongIsRefused) {
    EXPECT_EQ(refusal_of_rest("schedule = 1\n"),
              "@/x.toml:4: schedule must be tables: [[schedule]], not an integer");
    EXPECT_EQ(refusal_of_rest("[[schedule]]\nname = \"a\"\nhandler = \"h\"\nevent = \"e\"\n"),
              "@/x.toml:4: schedule.spec is missing\n"
              "@/x.toml:4: schedule \"a\": it is of a handler or of an event: one of the two");
    EXPECT_EQ(refusal_of_rest("[[schedule]]\nname = \"a\"\nspec = \"@daily\"\n"),
              "@/x.toml:4: schedule \"a\": it is of a handler or of an event: one of the two");
    EXPECT_EQ(
        refusal_of_rest("[[schedule]]\nname = \"a\"\nspec = \"@daily\"\nhandler = \"h\"\n"
                        "overlap = \"twice\"\npriority = 1001\nwhen = 1\n"
                        "[[schedule]]\nname = \"a\"\nspec = \"@daily\"\nhandler = \"h\"\n"),
        "@/x.toml:8: schedule.overlap must be \"skip\", \"queue\", \"cancel\" or \"allow\", not "
        "\"twice\"\n"
        "@/x.toml:9: schedule.priority must be an integer from -1000 to 1000, not 1001\n"
        "@/x.toml:10: unknown key \"schedule.when\"; known are name, spec, zone, handler, "
        "event, payload, key, tenant, priority, labels, overlap, missed, missed_limit, "
        "missed_window_s, jitter_ms, starts_at, ends_at\n"
        "@/x.toml:11: schedule \"a\" is declared twice");
}

}  // namespace
}  // namespace baton::environments
