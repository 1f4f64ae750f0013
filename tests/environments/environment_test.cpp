// Where each setting comes from.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "environments/environment_fixture.hpp"

namespace baton::environments {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

TEST_F(EnvironmentTest, FlagsComeBeforeVariablesBeforeTheFileBeforeDefaults) {
    const std::string file = write("shop.toml", whole).string();
    const Environment all =
        load({{"--env", "shop"}, {"--url", "host=flag"}, {"--lease-ms", "7000"}},
             {{"BATON_ENVIRONMENT", "other"},
              {"DATABASE_URL", "host=variable"},
              {"BATON_LEASE_MS", "8000"},
              {"BATON_POLL_MS", "2000"},
              {"BATON_LOG", ""}});
    EXPECT_EQ(all.name.value, "shop");
    EXPECT_EQ(all.name.origin, file + ":1");
    EXPECT_EQ(all.kind.value, Kind::production);
    EXPECT_EQ(all.url.value, "host=flag");
    EXPECT_EQ(all.url.origin, "--url");
    EXPECT_EQ(all.lease.value, 7000ms);
    EXPECT_EQ(all.lease.origin, "--lease-ms");
    EXPECT_EQ(all.poll.value, 2000ms);
    EXPECT_EQ(all.poll.origin, "BATON_POLL_MS");
    EXPECT_EQ(all.log.value, LogFormat::json);
    EXPECT_EQ(all.log.origin, file + ":10");
    EXPECT_EQ(all.batch_max.value, 50'000);
    EXPECT_EQ(all.batch_max.origin, "default");
    EXPECT_EQ(all.schema(), "baton_shop");

    EXPECT_EQ(load({{"--env", "shop"}}, {{"DATABASE_URL", "host=variable"}}).url.value,
              "host=variable");
    EXPECT_EQ(load({{"--env", "shop"}}, {{"DATABASE_URL", "host=variable"}}).url.origin,
              "DATABASE_URL");
    EXPECT_EQ(load({{"--env", "shop"}}).url.value, "postgresql://h/from_file");
    EXPECT_EQ(load({{"--env", "shop"}}).url.origin, file + ":5");
}

TEST_F(EnvironmentTest, FileIsChosenByNameOrPath) {
    const std::string file = write("shop.toml", whole).string();
    EXPECT_EQ(load({}, {{"BATON_ENVIRONMENT", "shop"}}).url.value, "postgresql://h/from_file");
    EXPECT_EQ(load({{"--env", file}}).name.value, "shop");
    fs::rename(file, folder_ / "elsewhere.toml");
    EXPECT_EQ(load({}, {{"BATON_ENVIRONMENT", (folder_ / "elsewhere.toml").string()}}).name.value,
              "shop");
    EXPECT_EQ(refusal({{"--env", "elsewhere"}}),
              "@/elsewhere.toml:1: the file of the environment \"elsewhere\" says that its name is "
              "\"shop\"");
}

TEST_F(EnvironmentTest, WithoutAFileTheNameDecidesTheKind) {
    const auto loaded = [this](const std::string& name) {
        return load({{"--env", name}, {"--url", "host=h"}});
    };
    for (const std::string name : {"production", "prod", "prod-eu"}) {
        EXPECT_EQ(loaded(name).kind.value, Kind::production) << name;
        EXPECT_EQ(loaded(name).kind.origin, "the name");
        EXPECT_EQ(loaded(name).on_poison.value, OnPoison::halt) << name;
    }
    EXPECT_EQ(loaded("staging").kind.value, Kind::staging);
    EXPECT_EQ(loaded("staging").on_poison.value, OnPoison::halt);
    EXPECT_EQ(loaded("development").kind.value, Kind::development);
}

TEST_F(EnvironmentTest, KindThatNobodyGaveIsRefusedWhereItMatters) {
    EXPECT_EQ(refusal({{"--env", "shop"}, {"--url", "host=h"}}),
              "the kind of the environment \"shop\" is not known: give --kind or set BATON_KIND "
              "(production, staging or development), or write @/shop.toml");
    const Environment given =
        load({{"--env", "shop"}, {"--url", "host=h"}}, {{"BATON_KIND", "development"}});
    EXPECT_EQ(given.kind.value, Kind::development);
    EXPECT_EQ(given.kind.origin, "BATON_KIND");
    EXPECT_EQ(given.on_poison.value, OnPoison::skip);
    EXPECT_EQ(refusal({{"--env", "shop"}, {"--url", "host=h"}, {"--kind", "prod"}}).substr(0, 48),
              "--kind: kind must be \"production\", \"staging\" or ");
    const Texts flags{{"--env", "shop"}, {"--url", "host=h"}};
    const Environment any =
        load_environment({.flags = flags, .folder = folder_, .needs_kind = false});
    EXPECT_EQ(any.kind.value, Kind::production) << "the careful one";
}

TEST_F(EnvironmentTest, KindOfAFileOrOfProductionIsNotOverridden) {
    const std::string file = write("shop.toml", whole).string();
    EXPECT_EQ(refusal({{"--env", "shop"}}, {{"BATON_KIND", "development"}}),
              "BATON_KIND: kind is \"development\", but @/shop.toml:2 says that shop is of kind "
              "\"production\"");
    EXPECT_EQ(refusal({{"--env", "prod"}, {"--url", "host=h"}, {"--kind", "development"}}),
              "--kind: kind is \"development\", but the name says that prod is of kind "
              "\"production\"");
    EXPECT_EQ(load({{"--env", "shop"}, {"--kind", "production"}}).kind.value, Kind::production);
    EXPECT_EQ(load({{"--url", "host=h"}, {"--kind", "staging"}}).kind.value, Kind::staging);
}

TEST_F(EnvironmentTest, WithoutAFileAndANameItIsDevForDevelopment) {
    const Environment plain = load({}, {{"DATABASE_URL", "postgresql:///shop"}});
    EXPECT_EQ(plain.name.value, "dev");
    EXPECT_EQ(plain.name.origin, "default");
    EXPECT_EQ(plain.kind.value, Kind::development);
    EXPECT_EQ(plain.on_poison.value, OnPoison::skip);
    EXPECT_EQ(plain.schema(), "baton_dev");
    const Environment named = load({{"--env", "dev-alice"}, {"--url", "host=h"}});
    EXPECT_EQ(named.schema(), "baton_dev_alice");
    EXPECT_EQ(named.name.origin, "--env");
}

TEST_F(EnvironmentTest, WithoutAUrlTheThreeWaysAreNamed) {
    EXPECT_EQ(refusal({}),
              "no database is named: set DATABASE_URL, give --url, or write url under [connection] "
              "in @/dev.toml");
    write("x.toml", "name = \"x\"\nkind = \"staging\"\n");
    EXPECT_EQ(refusal({{"--env", "x"}}),
              "no database is named: set DATABASE_URL, give --url, or write url under [connection] "
              "in @/x.toml");
}

TEST_F(EnvironmentTest, PolicyFollowsTheKindUnlessGiven) {
    write("shop.toml", whole);
    const Environment shop = load({{"--env", "shop"}});
    EXPECT_EQ(shop.on_poison.value, OnPoison::halt);
    EXPECT_EQ(shop.on_poison_for("page_hits"), OnPoison::skip);
    EXPECT_EQ(shop.on_poison_for("monthly_sales"), OnPoison::halt);
    EXPECT_EQ(load({{"--url", "host=h"}, {"--on-poison", "halt"}}).on_poison.value, OnPoison::halt);
}

TEST_F(EnvironmentTest, AutoPromotionIsForDevelopmentAndNeverForProduction) {
    EXPECT_TRUE(load({{"--url", "host=h"}}).auto_promote.value);
    const Texts staging{{"--env", "staging"}, {"--url", "host=h"}};
    EXPECT_FALSE(load(staging).auto_promote.value);
    EXPECT_EQ(load(staging).auto_promote.origin, "default");
    EXPECT_TRUE(load(staging, {{"BATON_AUTO_PROMOTE", "true"}}).auto_promote.value);
    EXPECT_FALSE(load({{"--url", "host=h"}, {"--auto-promote", "false"}}).auto_promote.value);

    write("shop.toml", whole + std::string("[policy]\nauto_promote = true\n"));
    EXPECT_EQ(refusal({{"--env", "shop"}}),
              "@/shop.toml:18: policy.auto_promote must not be true where the kind is "
              "\"production\"; which version is live there, a person says: `baton promote`");
    EXPECT_FALSE(load({{"--env", "shop"}, {"--auto-promote", "false"}}).auto_promote.value);
    EXPECT_EQ(refusal({{"--env", "prod"}, {"--url", "host=h"}}, {{"BATON_AUTO_PROMOTE", "true"}})
                  .substr(0, 38),
              "BATON_AUTO_PROMOTE: policy.auto_promot");
    // A verb that needs no kind works with a variable that is left over.
    const Environment any = load_environment(
        {.flags = {{"--env", "shoe"}, {"--url", "host=h"}, {"--auto-promote", "true"}},
         .folder = folder_,
         .needs_kind = false});
    EXPECT_EQ(any.kind.value, Kind::production);
    EXPECT_EQ(refusal_of_rest("[policy]\nauto_promote = \"true\"\n"),
              "@/x.toml:5: policy.auto_promote must be true or false, not a string");
    EXPECT_EQ(refusal({{"--url", "host=h"}, {"--auto-promote", "yes"}}),
              "--auto-promote: policy.auto_promote must be true or false, not \"yes\"");
}

TEST_F(EnvironmentTest, TheProgramIsFollowedInDevelopmentOnlyAndNotWhereTheFileSaysSo) {
    EXPECT_TRUE(load({{"--url", "host=h"}}).follow_program.value);
    EXPECT_FALSE(load({{"--url", "host=h"}, {"--follow-program", "false"}}).follow_program.value);
    EXPECT_FALSE(load({{"--env", "staging"}, {"--url", "host=h"}, {"--follow-program", "true"}})
                     .follow_program.value);
    EXPECT_EQ(refusal_of_rest("[policy]\nfollow_program = 1\n"),
              "@/x.toml:5: policy.follow_program must be true or false, not an integer");
}

TEST_F(EnvironmentTest, RollbackWindowIsInHours) {
    const Environment usual = load({{"--url", "host=h"}});
    EXPECT_EQ(usual.rollback_window.value, 24h);
    EXPECT_EQ(usual.rollback_window.origin, "default");
    EXPECT_EQ(usual.snapshot_every.value, 0);
    EXPECT_EQ(usual.snapshots_max.value, 16);
    EXPECT_EQ(load({{"--url", "host=h"}, {"--snapshot-every", "5000"}}).snapshot_every.value, 5000);
    EXPECT_EQ(load({{"--url", "host=h"}, {"--snapshots-max", "3"}}).snapshots_max.value, 3);
    EXPECT_EQ(load({{"--url", "host=h"}, {"--rollback-window-h", "0"}}).rollback_window.value, 0h);
    EXPECT_EQ(refusal_of_rest("[orchestrator]\nrollback_window_h = 8761\n"),
              "@/x.toml:5: orchestrator.rollback_window_h must be an integer from 0 to 8760, not "
              "8761");
}

TEST_F(EnvironmentTest, SqlReducersAreRelativeToTheFile) {
    write("shop.toml", whole);
    EXPECT_EQ(load({{"--env", "shop"}}).sql_reducers.value,
              (std::vector<fs::path>{folder_ / "a.sql", folder_.parent_path() / "b.sql"}));
}

TEST_F(EnvironmentTest, VariablesInTheUrlAreEncodedForTheirPlace) {
    const auto url = [this](const std::string& text, const Texts& variables) {
        write("x.toml", "name = \"x\"\nkind = \"staging\"\nconnection.url = \"" + text + "\"\n");
        return load({{"--env", "x"}}, variables).url.value;
    };
    EXPECT_EQ(url("${DSN}", {{"DSN", "postgresql://u:a@h/d"}}), "postgresql://u:a@h/d");
    EXPECT_EQ(url("postgresql://u:${PW}@h/d", {{"PW", "a@b/ü%"}}),
              "postgresql://u:a%40b%2F%C3%BC%25@h/d");
    EXPECT_EQ(url("postgresql://u:${PW}@${HOSTS}/d", {{"PW", "a"}, {"HOSTS", "h1:1,h2:2"}}),
              "postgresql://u:a@h1:1,h2:2/d");
    EXPECT_EQ(url("postgresql://h/d?password=${PW}", {{"PW", "a&b"}}),
              "postgresql://h/d?password=a%26b");
    EXPECT_EQ(url("host=h password=${PW}", {{"PW", "a b'c\\"}}), "host=h password=a\\ b\\'c\\\\");
    EXPECT_EQ(url("host=h password=$PW", {{"PW", "x"}}), "host=h password=$PW");
    // A value is not looked through again.
    EXPECT_EQ(url("host=${A}", {{"A", "${B}"}, {"B", "x"}}), "host=${B}");
}

TEST_F(EnvironmentTest, MissingVariableOfAnUnusedUrlDoesNotMatter) {
    write("x.toml",
          "name = \"x\"\nkind = \"staging\"\nconnection.url = \"host=${GONE} user=${AWAY}\"\n");
    EXPECT_EQ(
        refusal({{"--env", "x"}}, {{"AWAY", ""}}),
        "@/x.toml:3: connection.url needs the environment variable \"GONE\", which is not set\n"
        "@/x.toml:3: connection.url needs the environment variable \"AWAY\", which is not set");
    EXPECT_EQ(load({{"--env", "x"}, {"--url", "host=h"}}).url.value, "host=h");
    write("x.toml", "name = \"x\"\nkind = \"staging\"\nconnection.url = \"host=${GONE\"\n");
    EXPECT_EQ(refusal({{"--env", "x"}}),
              "@/x.toml:3: connection.url has a \"${\" without its \"}\"");
}

TEST_F(EnvironmentTest, EverySettingIsTakenFromItsFlagItsVariableAndTheFile) {
    const auto shown = [](const Environment& environment, std::string_view key) {
        for (const SettingLine& line : described(environment)) {
            if (line.key == key) return line.value + " from " + line.origin;
        }
        return std::string("nothing");
    };
    int seen = 0;
    for (const SettingRule& rule : setting_rules()) {
        using Type = SettingMember::Type;
        if (rule.flag.empty() || rule.flag == "--url" || rule.flag == "--kind") continue;
        ++seen;
        const std::string value = rule.member.type == Type::integer ? std::to_string(rule.max)
                                  : rule.member.type == Type::boolean
                                      ? "true"
                                      : std::string(rule.choices.back());
        const std::string flag(rule.flag);
        const std::string variable(rule.variable);
        EXPECT_EQ(shown(load({{"--url", "host=h"}, {flag, value}}), rule.key),
                  value + " from " + flag);
        EXPECT_EQ(shown(load({{"--url", "host=h"}}, {{variable, value}}), rule.key),
                  value + " from " + variable);
        const bool is_bare = rule.member.type != Type::text;
        const std::size_t dot = rule.key.find('.');
        const std::string file =
            write("dev.toml", "name = \"dev\"\nkind = \"development\"\n" + std::string(1, '[') +
                                  std::string(rule.key.substr(0, dot)) + "]\n" +
                                  std::string(rule.key.substr(dot + 1)) + " = " +
                                  (is_bare ? value : '"' + value + '"') + "\n")
                .string();
        EXPECT_EQ(shown(load({{"--url", "host=h"}}), rule.key), value + " from " + file + ":4");
        fs::remove(file);
        for (const Kind kind : {Kind::production, Kind::staging, Kind::development}) {
            EXPECT_EQ(shown(load({{"--url", "host=h"},
                                  {"--kind", name_of(kind)},
                                  {"--env", name_of(kind)}}),
                            rule.key),
                      std::string(rule.fallback_in(kind)) + " from default");
            EXPECT_TRUE(rule.accepts(rule.fallback_in(kind))) << rule.key;
        }
    }
    EXPECT_GE(seen, 11);
}

TEST_F(EnvironmentTest, DescriptionNamesEveryRuleAndHidesThePassword) {
    const auto lines = described(load({{"--url", "postgresql://u:secret@h/d"}}));
    std::vector<std::string> rules;
    for (const SettingRule& rule : setting_rules()) {
        using Type = SettingMember::Type;
        const bool is_several = rule.member.type == Type::list || rule.member.type == Type::table ||
                                rule.member.type == Type::tables;
        if (!is_several) rules.emplace_back(rule.key);
    }
    ASSERT_EQ(lines.size(), rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) EXPECT_EQ(lines[i].key, rules[i]);
    EXPECT_EQ(lines[2].value, "postgresql://u:***@h/d");
    EXPECT_EQ(lines[2].origin, "--url");
    EXPECT_EQ(lines[4].value, "5000");
    EXPECT_EQ(lines[4].origin, "default");
}

TEST_F(EnvironmentTest, PinsAreThoseOfTheFileAndNoneWithoutThem) {
    write("shop.toml", std::string(whole) +
                           "[enrol]\nnetworks = [\"10.1.0.0/16\", \"192.0.2.7\"]\n"
                           "client_dn = \"/CN=shop\"\n");
    const Environment shop = load({{"--env", "shop"}});
    EXPECT_EQ(shop.networks.value, (std::vector<std::string>{"10.1.0.0/16", "192.0.2.7"}));
    EXPECT_TRUE(shop.networks.origin.ends_with("shop.toml:18")) << shop.networks.origin;
    EXPECT_EQ(shop.client_dn.value, "/CN=shop");
    const auto lines = described(shop);
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [](const SettingLine& line) { return line.key == "enrol.networks"; }),
              2);
    const Environment other = load({{"--url", "postgresql:///"}});
    EXPECT_TRUE(other.networks.value.empty());
    EXPECT_EQ(other.client_dn.value, "");
}

TEST_F(EnvironmentTest, WhatIsDoneAboutUnknownEventsIsOneOfThree) {
    write("shop.toml", std::string(whole) + "[events]\nunknown = \"refuse\"\n");
    const Environment shop = load({{"--env", "shop"}});
    EXPECT_EQ(shop.unknown_events.value, "refuse");
    EXPECT_TRUE(shop.unknown_events.origin.ends_with("shop.toml:18"));
    EXPECT_EQ(load({{"--url", "postgresql:///"}}).unknown_events.value, "");
    EXPECT_EQ(refusal_of_rest("[events]\nunknown = \"reject\"\n"),
              "@/x.toml:5: events.unknown must be \"accept\", \"warn\" or \"refuse\", not "
              "\"reject\"");
    EXPECT_EQ(refusal_of_rest("[events]\nunknwon = \"warn\"\n"),
              "@/x.toml:5: unknown key \"events.unknwon\"; did you mean \"unknown\"?");
}

TEST_F(EnvironmentTest, ExampleFilesLoadAndAreOfTheirKind) {
    const std::vector<std::pair<std::string, Kind>> examples{
        {"production", Kind::production}, {"staging", Kind::staging}, {"dev", Kind::development}};
    for (const auto& [name, kind] : examples) {
        const Environment example = load_environment(
            {.flags = {{"--env", name}},
             .variable = [](const std::string& variable) -> std::optional<std::string> {
                 if (variable == "BATON_PASSWORD") return "p@ss";
                 return std::nullopt;
             },
             .folder = fs::path(BATON_SOURCE_DIR) / "environments"});
        EXPECT_EQ(example.kind.value, kind);
        EXPECT_EQ(example.name.value, name);
        EXPECT_EQ(example.on_poison.value,
                  kind == Kind::development ? OnPoison::skip : OnPoison::halt);
        EXPECT_EQ(example.networks.value.empty(), kind != Kind::production);
        EXPECT_EQ(example.client_dn.value.empty(), kind != Kind::production);
    }
}

}  // namespace
}  // namespace baton::environments
