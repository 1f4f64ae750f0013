// The life of task sets, at random: what opens, changes, does and ends them, with promotions,
// rollbacks, nodes that come, go, fall silent and come back, dumps that are restored elsewhere, and
// a standby that takes over. After each step the guarantees G1 to G6 (docs/task_sets.md) must hold
// of what the database shows, against what this test has seen before.
//
// A property of rapidcheck. BATON_SEED draws the same lives again; BATON_MODEL_RUNS makes as many.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "sql/task_set_fixture.hpp"
#include "sql/travelling_world.hpp"
#include "support/client_program.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

constexpr int members = 3;
constexpr std::size_t commands_in_a_life = 250;

enum class Kind {
    open,
    add_and_seal,
    dispatch,
    promote,
    roll_back,
    start,
    stop,
    silence,
    claim,
    complete,
    fail,
    retry,
    complete_again,
    touch,
    restart,
    abandon,
    expire,
    maintain,
    restore,
    fail_over,
};

struct Command {
    Kind kind{};
    std::size_t which = 0;
};

const char* name_of(Kind kind) {
    constexpr std::array<const char*, 20> names{
        "open",    "add_and_seal", "dispatch", "promote",  "roll_back", "start",          "stop",
        "silence", "claim",        "complete", "fail",     "retry",     "complete_again", "touch",
        "restart", "abandon",      "expire",   "maintain", "restore",   "fail_over"};
    return names.at(static_cast<std::size_t>(kind));
}
std::ostream& operator<<(std::ostream& out, const Command& command) {
    return out << name_of(command.kind) << ' ' << command.which;
}

rc::Gen<Command> any_command() {
    using enum Kind;
    return rc::gen::build<Command>(
        rc::gen::set(&Command::kind,
                     rc::gen::weightedElement<Kind>(
                         {{6, open},           {4, add_and_seal}, {6, dispatch}, {3, promote},
                          {1, roll_back},      {4, start},        {1, stop},     {2, silence},
                          {16, claim},         {40, complete},    {2, fail},     {3, retry},
                          {8, complete_again}, {5, touch},        {1, restart},  {1, abandon},
                          {1, expire},         {8, maintain},     {1, restore},  {1, fail_over}})),
        rc::gen::set(&Command::which, rc::gen::inRange<std::size_t>(0, 1000)));
}

class Life {
public:
    Life() {
        TestNode all(world_.url(), offer_of({1, 2}));
        TestNode after(world_.url(),
                       {.handlers = R"([{"name": "after", "version": 1, "build": "a"}])"});
        all.deregister();
        after.deregister();
    }

    std::string run(const std::vector<Command>& commands) {
        for (const Command& command : commands) {
            std::ostringstream line;
            line << command;
            history_ += line.str() + "\n";
            carry_out(command);
            check();
            if (::testing::Test::HasFailure()) return history_;
        }
        finish();
        return ::testing::Test::HasFailure() ? history_ : "";
    }

    std::map<std::string, int> counts;

private:
    // What is said of a set once, and for ever.
    struct Pin {
        std::string key;
        std::int64_t version, position;
    };
    struct Claim {
        std::string session, token;
        std::int64_t task, set, version;
        std::string member;
    };

    sql::Connection& session() { return world_.session(); }
    std::int64_t number(const std::string& query) {
        return session().exec(query).only().integer(0);
    }
    std::string said(const std::string& query) {
        std::string answer;
        const sql::Outcome outcome = sql::outcome_of(
            [&] { answer = session().exec(query).only().text_or_null(0).value_or(""); });
        return outcome.sqlstate.empty() ? answer : outcome.sqlstate;
    }
    static std::string key_of(std::size_t which) { return "k" + std::to_string(which % 2); }
    static std::int64_t total_of(const Pin& pin) { return pin.version * 1'000'000 + pin.position; }

    void carry_out(const Command& command) {
        const std::size_t which = command.which;
        switch (command.kind) {
            case Kind::open:
                return open(which);
            case Kind::add_and_seal:
                return add_and_seal();
            case Kind::dispatch:
                session().exec("select dispatch('thing/happened', '{}')");
                follower_->drain();
                return;
            case Kind::promote:
                said("select promote('compute', " + std::to_string(1 + which % 2) +
                     ", nodes => 0)");
                return;
            case Kind::roll_back:
                said("select roll_back('compute', nodes => 0)");
                return;
            case Kind::start:
                return start(which);
            case Kind::stop:
            case Kind::silence:
                return end(command);
            case Kind::claim:
                return claim(which);
            case Kind::complete:
                return complete(which, held_);
            case Kind::complete_again:
                return complete(which, all_);
            case Kind::fail:
                return fail(which);
            case Kind::retry:
                said("select redrive('compute')");
                return;
            case Kind::touch:
                session().exec(
                    "select dispatch('thing/happened', '{}'), touch_task_set('compute', '" +
                    key_of(which) + "')");
                if (which % 2 == 0) follower_->drain();
                return;
            case Kind::restart:
            case Kind::abandon:
                said(std::string("select ") + name_of(command.kind) +
                     "_task_set((select max(id) from task_set where key = '" + key_of(which) +
                     "'))");
                return;
            case Kind::expire:
                session().exec(
                    "update task_set set deadline_at = clock_timestamp() where state = 'open'");
                return;
            case Kind::maintain:
                session().exec("select maintain(at_once => true)");
                return;
            case Kind::restore:
            case Kind::fail_over:
                return move(command.kind);
        }
    }

    void open(std::size_t which) {
        std::string payloads;
        for (int i = 0; i < members; ++i) {
            payloads += (i == 0 ? "{" : ", ") + ("\"m" + std::to_string(i)) + "\": 1";
        }
        const bool is_sealed = which % 3 != 0;
        said("select open_task_set('compute', '" + key_of(which) + "', '" +
             (is_sealed ? payloads + "}" : "{}") + "', seal => " + (is_sealed ? "true" : "false") +
             ", on_promotion => '" + (which % 4 < 2 ? "restart" : "finish") +
             "', at_deadline => '" + (which % 8 < 4 ? "restart" : "abandon") + "', kept => '0')");
    }
    void add_and_seal() {
        const std::string set = said(
            "select coalesce(min(id), 0) from task_set where state = 'open' and not is_sealed");
        for (int i = 0; i < members; ++i) {
            said("select add_to_task_set(" + set + ", '{\"m" + std::to_string(i) + "\": 1}')");
        }
        said("select seal_task_set(" + set + ")");
    }
    void start(std::size_t which) {
        const std::array<std::vector<int>, 4> choices{{{1, 2}, {1}, {2}, {1, 2}}};
        const std::vector<int>& versions = choices.at(which % 4);
        const TestNode node(world_.url(), offer_of(versions));
        ASSERT_EQ(node.refused_message, "");
        sessions_.push_back(node.session);
        carried_[node.session] = {versions.begin(), versions.end()};
    }

    // It leaves, or falls silent: then what it says later comes too late.
    void end(const Command& command) {
        if (sessions_.empty()) return;
        const auto chosen =
            sessions_.begin() + static_cast<std::ptrdiff_t>(command.which % sessions_.size());
        if (command.kind == Kind::stop) {
            said("select deregister_node('" + *chosen + "')");
        } else {
            session().exec("update node set alive_at = alive_at - interval '1 hour' where id = " +
                           chosen->substr(0, chosen->find('.')));
        }
        sessions_.erase(chosen);
    }

    void claim(std::size_t which) {
        if (sessions_.empty()) start(which);
        const std::string& node = sessions_[which % sessions_.size()];
        const std::string quoted = "'" + node + "'";
        std::vector<Claim> claims;
        const sql::Outcome outcome = sql::outcome_of([&] {
            for (const sql::Row& row : session().exec(
                     "select c.token, c.task, c.version, m.task_set, m.member from claim(" +
                     quoted + ", 'compute', 1 + " + std::to_string(which % 3) +
                     ") as c left join task_set_member m on m.task = c.task")) {
                claims.push_back({node, std::string(row.text(0)), row.integer(1), row.integer(3),
                                  row.integer(2), std::string(row.text(4))});
            }
        });
        for (const Claim& one : claims) {
            look_at_sets();
            const Pin& pin = pins_.at(one.set);
            EXPECT_EQ(one.version, pin.version) << "G1";
            EXPECT_TRUE(carried_[node].contains(one.version)) << "G1";
            // The log has no gaps: what is read is all up to the position.
            EXPECT_EQ(
                said("select concat(count(*), ' ', coalesce(max(position), 0)) from read_set_log(" +
                     quoted + ", '" + one.token + "', 0, 100000)"),
                std::to_string(pin.position) + " " + std::to_string(pin.position))
                << "G2";
            held_.push_back(one);
            all_.push_back(one);
        }
    }

    // Whoever held a member says what it made of it: its holder, or somebody whose time is over.
    void complete(std::size_t which, std::vector<Claim>& from) {
        if (from.empty()) claim(which);
        if (from.empty()) return;
        const auto chosen = from.begin() + static_cast<std::ptrdiff_t>(which % from.size());
        const Claim one = *chosen;
        if (&from == &held_) held_.erase(chosen);
        const std::string place = std::to_string(one.set) + one.member;
        const std::string made = R"({"set": )" + std::to_string(one.set) + "}";
        const std::string answer = said(
            "select complete_member('" + one.session + "', '" + one.token + R"(', '[{"month": ")" +
            one.member + R"(", "total": )" + std::to_string(total_of(pins_.at(one.set))) +
            R"(}]', '{}', '[{"type": "thing/made", "payload": )" + made +
            R"(}]', '[{"handler": "after", "payload": )" + made + "}]')");
        ++counts[answer];
        if (answer == "t") {
            EXPECT_TRUE(accepted_.insert(place).second) << "G5: " << place << " was taken twice";
        } else {
            EXPECT_TRUE(answer == "f" || answer == "BT038" || answer == "BT039") << answer;
        }
    }
    void fail(std::size_t which) {
        if (held_.empty()) return;
        const Claim one = held_[which % held_.size()];
        std::erase_if(held_, [&](const Claim& held) { return held.token == one.token; });
        said("select fail('" + one.session + "', '" + one.token + "', 'no', " +
             (which % 2 == 0 ? "dead => true)" : "retry_after => '0')"));
    }

    void move(Kind kind) {
        follower_.reset();
        kind == Kind::restore ? world_.restore_elsewhere() : world_.fail_over();
        ++counts[name_of(kind)];
        follower_.emplace(world_.url());
        follower_->drain();
        // What a node of the former cluster says is refused by the session that it shows.
        if (kind == Kind::restore) sessions_.clear();
    }

    void look_at_sets() {
        for (const sql::Row& row :
             session().exec("select s.id, s.key, p.version, s.input_position from task_set s"
                            " join task_set_pin p on p.task_set = s.id")) {
            const Pin pin{std::string(row.text(1)), row.integer(2), row.integer(3)};
            const Pin& known = pins_.emplace(row.integer(0), pin).first->second;
            EXPECT_EQ(known.key, pin.key);
            EXPECT_EQ(known.version, pin.version) << "a pin changed";
            EXPECT_EQ(known.position, pin.position) << "a pin changed";
        }
    }

    void check() {
        look_at_sets();
        // G3: of each key one whole set. G4: never an older position than before.
        std::map<std::string, std::pair<int, std::int64_t>> seen;
        for (const sql::Row& row : session().exec(
                 "select k.key, k.task_set, count(r.month), count(distinct r.total), min(r.total)"
                 " from task_set_shown k"
                 " left join (select * from report__v1 union all select * from report__v2) as r"
                 " on r.task_set = k.task_set"
                 " group by 1, 2")) {
            const Pin& pin = pins_.at(row.integer(1));
            EXPECT_EQ(row.integer(2), members) << "G3";
            EXPECT_EQ(row.integer(3), 1) << "G3";
            EXPECT_EQ(row.integer(4), total_of(pin)) << "G3";
            std::int64_t& newest = newest_[std::string(row.text(0))];
            EXPECT_GE(pin.position, newest) << "G4";
            newest = pin.position;
            ++counts["shown"];
        }
        EXPECT_EQ(number("select count(*) from report"),
                  number("select count(*) from task_set_shown") * members)
            << "G3";
        EXPECT_EQ(number("select count(*) from (select from task_set where state = 'open'"
                         " group by handler, key having count(*) > 1) as two"),
                  0);
        // G6: once for each member of a set that was published, and for no other.
        for (const std::string& made :
             {std::string("event e where e.type = 'thing/made'"),
              std::string(
                  "task e join requirement r on r.id = e.requirement where r.handler = 'after'")}) {
            EXPECT_EQ(number("select count(*) from (select s.id from task_set s left join"
                             " (select (e.payload ->> 'set')::bigint as set, count(*) as n from " +
                             made +
                             " group by 1) as m on m.set = s.id where coalesce(m.n, 0) <>"
                             " case s.state when 'published' then " +
                             std::to_string(members) + " else 0 end) as wrong"),
                      0)
                << "G6";
        }
    }

    // Time travel to the log's end tells what readers see.
    void finish() {
        follower_->drain();
        EXPECT_EQ(said("select string_agg(r ->> 'total', ' ' order by r ->> 'total') from "
                       "view_rows_at('report', log_end()) as r"),
                  said("select string_agg(total::text, ' ' order by total::text) from report"));
        counts["published"] +=
            static_cast<int>(number("select count(*) from task_set where state = 'published'"));
    }

    TravellingWorld world_;
    std::optional<sql::LogFollower> follower_{world_.url()};
    std::vector<std::string> sessions_;
    std::map<std::string, std::set<std::int64_t>> carried_;
    std::map<std::int64_t, Pin> pins_;
    std::map<std::string, std::int64_t> newest_;
    std::set<std::string> accepted_;
    std::vector<Claim> held_, all_;
    std::string history_;
};

TEST(TaskSetModelTest, RandomLivesKeepEveryGuarantee) {
    if (!has_pg_dump()) GTEST_SKIP() << lacks_pg_dump;
    const char* const runs = std::getenv("BATON_MODEL_RUNS");  // NOLINT(concurrency-mt-unsafe)
    const int lives = runs == nullptr ? 1 : std::max(std::atoi(runs), 1);
    // A life that failed is not run again: rapidcheck would make it shorter for an hour.
    const std::string parameters =
        "seed=" + std::to_string(seed()) + " noshrink=1 max_success=" + std::to_string(lives);
    setenv("RC_PARAMS", parameters.c_str(), 0);  // NOLINT(concurrency-mt-unsafe)
    std::map<std::string, int> counts;
    const bool holds = rc::check("task sets", [&] {
        const auto commands = *rc::gen::resize(
            rc::kNominalSize,
            rc::gen::container<std::vector<Command>>(commands_in_a_life, any_command()));
        Life life;
        const std::string failed = life.run(commands);
        for (const auto& [what, count] : life.counts) counts[what] += count;
        if (!failed.empty()) RC_FAIL(failed);
    });
    EXPECT_TRUE(holds);
    for (const auto& [what, count] : counts) std::cout << what << ' ' << count << '\n';
    EXPECT_GT(counts["published"], 0);
}

}  // namespace
}  // namespace baton::testing
