// The life of versions, at random: programs of three versions of one view set come, go, are killed
// and frozen, in any order with events, promotions, rollbacks, cancellations and retirements. After
// each step one snapshot of the database must hold all that readers rely on, and a small model,
// which knows only what was asked for and what became of it, must say the same of every version.
//
// Version N of the set "books" has account_totals@N; versions 1 and 2 share mark_totals@1, version
// 3 has mark_totals@2. So one promotion changes a member and keeps another, and one changes both.
//
// BATON_SEED runs the same commands again (real processes answer in their own time, so not every
// failure comes again); BATON_MODEL_RUNS makes as many runs, each with the next seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "orchestrator/world.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

constexpr int versions = 3;
constexpr int steps = 45;
constexpr std::size_t processes_max = 4;

int marks_of(int version) { return version == 3 ? 2 : 1; }

ReducerChoice choice_of(int version) {
    ReducerChoice choice;
    choice.totals = version;
    choice.marks = marks_of(version);
    return choice;
}

struct Running {
    int version;
    std::unique_ptr<ChildProcess> process;
    bool is_frozen = false;
    bool may_die = false;  // it has a fault point armed
};

struct Promotion {
    int version = 0;
    std::string state;
};

// What of the versions is known from outside.
struct Model {
    std::map<int, std::string> states;  // of set_version
    std::map<int, int> warm_since;      // in the order in which they were superseded
    std::map<std::int64_t, Promotion> promotions;
    std::set<int> started;  // versions of which there ever was a process
    std::int64_t epoch = 0;

    [[nodiscard]] int live() const {
        for (const auto& [version, state] : states) {
            if (state == "live") return version;
        }
        return 0;
    }
    [[nodiscard]] bool is_promoting() const {
        return std::ranges::any_of(promotions,
                                   [](const auto& p) { return p.second.state == "requested"; });
    }
    // That a rollback goes to; 0 if there is none.
    [[nodiscard]] int former() const {
        int best = 0;
        for (const auto& [version, state] : states) {
            if (state != "warm") continue;
            if (best == 0 || warm_since.at(version) > warm_since.at(best)) best = version;
        }
        return best;
    }
    void switch_to(int version) {
        if (const int old = live(); old != 0) {
            states[old] = "warm";
            warm_since[old] = ++switches_;
        }
        states[version] = "live";
    }

private:
    int switches_ = 0;
};

// The rows of a view's table as the pure fold of the log up to a position gives them.
std::string totals_fold(int version, const std::string& position) {
    const std::string number = std::to_string(version);
    const std::string amount = "(payload ->> 'amount')::bigint";
    const std::string columns =
        version == 1 ? "count(*), sum(" + amount +
                           "), max((payload ->> 'sequence')::bigint), 0::bigint, max(position)"
                     : "greatest(max(" + amount + "), 0), sum(" + amount + ") * " + number +
                           ", count(*), max(position)";
    return "select payload ->> 'account', " + columns +
           " from read_log(0, 2147483647) where type = 'account/moved' and position <= " +
           position + " group by 1";
}

std::string marks_fold(const std::string& position) {
    return "select payload ->> 'account', count(*), '', max(position) from read_log(0, 2147483647)"
           " where type = 'mark/made' and position <= " +
           position + " group by 1";
}

std::string rows_of(const std::string& view, int version) {
    const std::string table = view + "__v" + std::to_string(version);
    if (view == "mark_totals") return "select account, marks, last_fault, position from " + table;
    return (version == 1 ? "select account, events, total, sequence, jumps, position from "
                         : "select account, largest, total, events, position from ") +
           table;
}

// What readers see, in columns that every version has.
constexpr auto reading =
    "select coalesce((select string_agg(row(account, events, total)::text, ' ' order by account)"
    " from account_totals), '') || ' / ' || coalesce((select"
    " string_agg(row(account, marks)::text, ' ' order by account) from mark_totals), '')";

// A transaction that took its snapshot at some step, and has not looked at the views yet.
class Reader {
public:
    explicit Reader(const std::string& url)
        : first_(url, in_test_schema("reader")), second_(url, in_test_schema("late reader")) {}

    // What a reader at this snapshot sees; `later()` is to see the same. `looks`: so it has, and
    // holds its locks from then on.
    sql::Transaction& begin(bool looks) {
        now_.emplace(first_, sql::Isolation::repeatable_read);
        const std::string snapshot(now_->exec("select pg_export_snapshot()").only().text(0));
        later_.emplace(second_, sql::Isolation::repeatable_read);
        later_->exec("set transaction snapshot '" + snapshot + "'");
        looks_ = looks;
        return *now_;
    }
    void saw(std::string rows, int version) {
        rows_ = std::move(rows);
        version_ = version;
        if (looks_) {
            EXPECT_EQ(later_->exec(reading).only().text(0), *rows_);
        }
        now_.reset();
    }
    [[nodiscard]] bool is_waiting() const { return rows_.has_value(); }

    // The same snapshot, after whatever has happened since.
    void expect_unchanged(const Model& model) {
        try {
            EXPECT_EQ(later_->exec(reading).only().text(0), *rows_)
                << "a snapshot changed that saw version " << version_ << " live";
        } catch (const Error& error) {
            const bool is_gone = model.states.at(version_) == "retired" && !looks_;
            EXPECT_TRUE(is_gone && std::string(error.what()).find("was retired meanwhile") !=
                                       std::string::npos)
                << error.what();
        }
        forget();
    }
    void forget() {
        now_.reset();
        later_.reset();
        rows_.reset();
    }

private:
    sql::Connection first_;
    sql::Connection second_;
    std::optional<sql::Transaction> now_;
    std::optional<sql::Transaction> later_;
    std::optional<std::string> rows_;
    int version_ = 0;
    bool looks_ = false;
};

class VersionModelTest : public ::testing::Test {
protected:
    int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
    int any_version() { return 1 + up_to(versions - 1); }
    Running* any_process() {
        if (running_.empty()) return nullptr;
        return &running_[static_cast<std::size_t>(up_to(static_cast<int>(running_.size()) - 1))];
    }
    void say(const std::string& what) { history_ += what + "\n"; }

    void start(int version, const std::string& fault = {}) {
        if (running_.size() >= processes_max) return;
        const std::string node = "v" + std::to_string(version) + "." + std::to_string(++started_);
        say("start " + node + " " + fault);
        const std::string number = std::to_string(version);
        running_.push_back(
            {version,
             world_->start({.node = node,
                            .options = {"--lease", "1000", "--poll", "200", "--rollback-window",
                                        "3600000", "--batch-max", "200", "--totals", number,
                                        "--marks", std::to_string(marks_of(version)), "--set",
                                        "books", number, "account_totals,mark_totals"},
                            .fault = fault}),
             false, !fault.empty()});
        model_.started.insert(version);
    }
    void end(Running* running, int signal) {
        if (running == nullptr) return;
        say((signal == SIGKILL ? "kill a v" : "end a v") + std::to_string(running->version));
        running->process->kill(signal);
        // One that is frozen ends as soon as it goes on.
        running->process->kill(SIGCONT);
        EXPECT_TRUE(running->process->wait(seconds(15))) << "it does not end";
        std::erase_if(running_, [&](const Running& r) { return &r == running; });
    }
    // Whoever is frozen for longer than its lease is deposed, and must not know better when it
    // goes on.
    void freeze_or_thaw(Running* running) {
        if (running == nullptr) return;
        running->is_frozen = !running->is_frozen;
        say((running->is_frozen ? "freeze a v" : "thaw a v") + std::to_string(running->version));
        running->process->kill(running->is_frozen ? SIGSTOP : SIGCONT);
    }

    void dispatch() {
        say("dispatch");
        sql::Connection connection(world_->url(), in_test_schema("writer"));
        for (int i = up_to(8); i >= 0; --i) {
            sql::Transaction transaction(connection);
            for (int n = up_to(3); n >= 0; --n) {
                const std::string account = "account " + std::to_string(up_to(19));
                const std::int64_t amount = up_to(1000) - 500;
                move_account(transaction, account, amount);
                transaction.exec(
                    "select dispatch('mark/made', jsonb_build_object('account', $1::text,"
                    " 'fault', ''), $1)",
                    {account});
            }
            if (up_to(4) != 0) transaction.commit();
        }
        if (up_to(3) == 0) dispatch_flood(*world_, 500);
    }

    // Why it was refused, by its code; "" if it was not.
    std::string try_to(const std::string& call) {
        try {
            world_->ask("select " + call);
            say(call);
            return "";
        } catch (const Error& error) {
            std::string code(sqlstate_of(error.code()));
            say(call + ": " + code + " " + error.what());
            EXPECT_TRUE(code == "BT034" || code == "BT035") << error.what();
            return code;
        }
    }
    // Asks for `version` to be promoted, by `call`, and checks the answer.
    void ask_for(int version, const std::string& call, bool when_ready) {
        observe();  // what was under way may have ended
        const auto known = model_.states.find(version);
        const bool was_promoting = model_.is_promoting();
        const auto before = std::ssize(model_.promotions);
        const std::string refusal = try_to(call);
        if (version == 0) {
            EXPECT_EQ(refusal, "BT034") << "there is nothing to roll back to";
        } else if (known == model_.states.end()) {
            // Its process may have registered it since.
            if (!model_.started.contains(version)) {
                EXPECT_EQ(refusal, "BT034") << "nobody knows it";
            }
        } else if (!was_promoting && (known->second == "live" || known->second == "retired")) {
            EXPECT_EQ(refusal, "BT035");
        } else if (!was_promoting && when_ready) {
            EXPECT_EQ(refusal, "") << "it is " << known->second;
        }
        observe();
        ASSERT_EQ(std::ssize(model_.promotions), before + (refusal.empty() ? 1 : 0));
        if (!refusal.empty()) return;
        EXPECT_EQ(model_.promotions.rbegin()->second.version, version);
        if (up_to(9) < 7) static_cast<void>(await_promotion(seconds(3)));
    }
    void promote(int version, bool when_ready) {
        ask_for(version,
                "promote(array['books'], array[" + std::to_string(version) +
                    (when_ready ? "], true)" : "], false)"),
                when_ready);
    }
    void roll_back(bool when_ready) {
        observe();
        // The promotion under way may be done before we ask, and change what the former one is.
        if (model_.is_promoting()) return;
        ask_for(model_.former(),
                std::string("roll_back(array['books'], ") + (when_ready ? "true)" : "false)"),
                when_ready);
    }
    [[nodiscard]] bool await_promotion(milliseconds deadline) {
        return world_->comes_true("not exists (select from promotion where state = 'requested')",
                                  deadline);
    }
    void cancel() {
        for (const auto& [id, promotion] : model_.promotions) {
            if (promotion.state != "requested") continue;
            const std::string number = std::to_string(id);
            if (world_->ask("select end_promotion(" + number + ", 'cancelled', 'changed mind')") !=
                "t") {
                continue;
            }
            say("cancelled " + number);
            // Final from here on.
            EXPECT_EQ(world_->ask("select state from promotion where id = " + number), "cancelled");
        }
    }
    void retire(int version) {
        observe();
        const bool was_promoting = model_.is_promoting();
        const std::string refusal =
            try_to("retire_version('books', " + std::to_string(version) + ")");
        if (refusal.empty()) {
            retired_ = version;
            observe();
            retired_ = 0;
        } else if (!was_promoting && model_.states.contains(version)) {
            EXPECT_EQ(model_.states.at(version), "live");
        }
    }
    // The process that carries out a promotion dies of it, wherever it stands.
    void die_of_promotion() {
        static constexpr std::array points{"promotion_led", "before_switch", "after_switch"};
        const int version = any_version();
        const auto known = model_.states.find(version);
        if (known != model_.states.end() && known->second != "building" && known->second != "warm")
            return;
        std::erase_if(running_, [&](Running& running) {
            if (running.version != version) return false;
            running.process->kill(SIGKILL);
            return running.process->wait(seconds(15)).has_value();
        });
        start(version, std::string(points[static_cast<std::size_t>(up_to(2))]) + ":1:kill");
        if (!world_->comes_true("exists (select from view_build b where view = 'account_totals'"
                                " and version = " +
                                    std::to_string(version) + " and is_kept(b))",
                                seconds(3)))
            return;
        promote(version, true);
    }

    void step() {
        switch (up_to(19)) {
            case 0:
            case 1:
            case 2:
                return start(any_version());
            case 3:
                return end(any_process(), SIGTERM);
            case 4:
                return end(any_process(), SIGKILL);
            case 5:
            case 6:
            case 7:
            case 8:
                return dispatch();
            case 9:
            case 10:
                return promote(any_version(), false);
            case 11:
            case 12:
            case 13:
                return promote(any_version(), true);
            case 14:
                return roll_back(up_to(1) == 0);
            case 15:
                return die_of_promotion();
            case 16:
                return cancel();
            case 17:
                return freeze_or_thaw(any_process());
            case 18:
                say("settle");
                static_cast<void>(world_->settles(seconds(2)));
                return;
            default:
                if (up_to(3) == 0) retire(any_version());
        }
    }

    // Brings the model up to what the database says by now, and fails the test where no way leads
    // there.
    void observe() {
        sql::Connection connection(world_->url(), in_test_schema("observer"));
        sql::Transaction snapshot(connection, sql::Isolation::repeatable_read);
        observe(snapshot);
    }
    void observe(sql::Transaction& snapshot) {
        std::set<int> were_live{model_.live()};
        for (const sql::Row row : snapshot.exec(
                 "select id, versions[1], state, former[1], position, epoch from promotion"
                 " order by id")) {
            const auto version = static_cast<int>(row.integer(1));
            Promotion& known = model_.promotions[row.integer(0)];
            const std::string state(row.text(2));
            if (!known.state.empty() && known.state != "requested") {
                EXPECT_EQ(state, known.state) << "promotion " << row.integer(0) << " was over";
            } else if (state == "done") {
                EXPECT_EQ(row.text(3), "books@" + std::to_string(model_.live()));
                EXPECT_TRUE(model_.states[version] == "building" ||
                            model_.states[version] == "warm" || model_.started.contains(version))
                    << version << " was " << model_.states[version];
                EXPECT_NE(model_.states[version], "retired");
                model_.switch_to(version);
                were_live.insert(version);
            }
            known = {version, state};
        }
        if (retired_ != 0) model_.states[retired_] = "retired";
        std::map<int, std::string> states;
        for (const sql::Row row :
             snapshot.exec("select version, state from set_version where view_set = 'books'")) {
            const auto version = static_cast<int>(row.integer(0));
            const std::string state(row.text(1));
            states[version] = state;
            if (model_.states.contains(version)) continue;
            const bool is_first = model_.states.empty() && state == "live";
            const bool is_newer = state == "building" && version > *were_live.begin();
            EXPECT_TRUE(model_.started.contains(version) && (is_first || is_newer))
                << "version " << version << " came as " << state;
            model_.states[version] = state;
        }
        EXPECT_EQ(states, model_.states);
    }

    // All of what must hold at any time, at one snapshot.
    void check() {
        if (reader_->is_waiting() && up_to(2) != 0) reader_->expect_unchanged(model_);
        std::optional<Reader> second;
        Reader* reader = reader_.get();
        if (reader->is_waiting()) reader = &second.emplace(world_->url());
        sql::Transaction& snapshot = reader->begin(up_to(2) == 0);
        observe(snapshot);
        expect_sound_log(snapshot);
        expect_epochs(snapshot);
        expect_views(snapshot);
        // It stays, if it has anything to see.
        const int live = model_.live();
        if (live != 0 && snapshot.exec("select count(*) from view_state").only().integer(0) == 2) {
            reader->saw(std::string(snapshot.exec(reading).only().text(0)), live);
        } else {
            reader->forget();
        }
        for (Running& running : running_) expect_running(running);
        std::erase_if(running_, [](Running& running) {
            return running.may_die && running.process->wait(milliseconds(0)).has_value();
        });
    }
    void expect_running(Running& running) {
        if (running.may_die) return;
        EXPECT_FALSE(running.process->wait(milliseconds(0)).has_value())
            << "a process of version " << running.version
            << " ended by itself: " << running.process->error_output();
    }

    static void expect_none(sql::Transaction& snapshot, const std::string& rows,
                            const std::string& what) {
        EXPECT_EQ(snapshot.exec("select count(*) from (" + rows + ") as r").only().integer(0), 0)
            << what;
    }
    static void expect_sound_log(sql::Transaction& snapshot) {
        expect_none(snapshot,
                    "select from (select first_position, lag(first_position + count, 1, 1::bigint)"
                    " over (order by first_position) as expected from batch) as b"
                    " where first_position <> expected",
                    "batches are not contiguous");
        expect_none(snapshot,
                    "select from (select id, position, row_number() over (order by position)"
                    " as expected from read_log(0, 2147483647)) as r left join event e using (id)"
                    " where e.id is null or r.position <> r.expected",
                    "positions are not dense, or no event's");
        expect_none(snapshot, "select from read_log(0, 2147483647) group by id having count(*) > 1",
                    "an event is in the log twice");
    }
    void expect_epochs(sql::Transaction& snapshot) {
        expect_none(snapshot,
                    "select from (select epoch, lag(epoch, 1, 0::bigint) over (order by"
                    " first_position) as former from batch) as b where epoch < former",
                    "an epoch wrote after its successor");
        const std::int64_t epoch = snapshot.exec("select epoch from leader").only().integer(0);
        EXPECT_GE(epoch, model_.epoch);
        model_.epoch = epoch;
        EXPECT_EQ(snapshot.exec("select count(*) from leadership").only().integer(0), epoch);
        expect_none(snapshot,
                    "select from promotion p join batch b on b.first_position <= p.position"
                    " and b.first_position + b.count - 1 > p.position where p.state = 'done'",
                    "a batch lies across a switch");
        expect_none(snapshot,
                    "select from batch b join leadership l on l.epoch = b.epoch cross join lateral"
                    " (select p.versions[1] as version from promotion p where p.state = 'done'"
                    "  and p.position < b.first_position order by p.id desc limit 1) as w"
                    " join set_version s on s.view_set = 'books' and s.version = w.version"
                    " where not s.members <@ l.reducers",
                    "a batch was reduced by who does not carry what was live");
    }
    void expect_views(sql::Transaction& snapshot) {
        const int live = model_.live();
        if (live == 0) return;
        const std::string head = "(select coalesce(max(first_position + count - 1), 0) from batch)";
        std::string members;
        std::set<std::string> positions;
        for (const sql::Row row : snapshot.exec(
                 "select view, version, case state when 'following' then " + head +
                 " else position end, true from view_state union all select view, version,"
                 " position, false from view_build order by 1, 2")) {
            const std::string view(row.text(0));
            const auto version = static_cast<int>(row.integer(1));
            const std::string position(row.text(2));
            if (row.text(3) == "t") {
                members += view + "@" + std::to_string(version) + " ";
                positions.insert(position);
            }
            const std::string fold =
                view == "mark_totals" ? marks_fold(position) : totals_fold(version, position);
            const std::string rows = rows_of(view, version);
            expect_none(snapshot,
                        "(" + fold + " except all " + rows + ") union all (" + rows +
                            " except all " + fold + ")",
                        view + "@" + std::to_string(version) + " at position " + position +
                            (row.text(3) == "t" ? ", live," : "") + " differs from the pure fold");
        }
        // Between the first leader's registrations and the switches there is nothing else.
        if (!members.empty()) {
            EXPECT_EQ(members, "account_totals@" + std::to_string(live) + " mark_totals@" +
                                   std::to_string(marks_of(live)) + " ");
        }
        EXPECT_LE(positions.size(), 1U) << "members of the live set are at two positions";
    }

    // A version that the public view has not shown yet waits for those who read it.
    void let_reader_go() {
        if (reader_->is_waiting()) reader_->expect_unchanged(model_);
    }

    // With a process of each version there, everything settles, and whatever is kept can be live.
    void finish() {
        say("finish");
        let_reader_go();
        while (!running_.empty()) end(&running_.back(), SIGKILL);
        for (int version = 1; version <= versions; ++version) start(version);
        ASSERT_TRUE(world_->settles(seconds(30)));
        ASSERT_TRUE(world_->comes_true(
            "(select count(*) from set_version where state <> 'retired') = (select count(*) from"
            " set_version s where s.state = 'live' or (s.state in ('building', 'warm') and not"
            " exists (select from view_build b where b.view || '@' || b.version = any (s.members)"
            " and not is_kept(b))))"));
        ASSERT_TRUE(await_promotion(seconds(30))) << "what was asked for stands still";
        check();
        for (int version = 1; version <= versions; ++version) {
            if (model_.live() == version) continue;
            const auto known = model_.states.find(version);
            if (known == model_.states.end() || known->second == "retired") continue;
            dispatch();
            let_reader_go();
            world_->ask("select promote(array['books'], array[" + std::to_string(version) +
                        "], true)");
            ASSERT_TRUE(await_promotion(seconds(30))) << "version " << version;
            check();
            ASSERT_EQ(model_.live(), version);
            ASSERT_TRUE(world_->settles(seconds(30)));
            world_->expect_exact(choice_of(version));
            check();
        }
    }

    void run(std::uint64_t seed) {
        SCOPED_TRACE("BATON_SEED=" + std::to_string(seed));
        random_.seed(seed);
        history_.clear();
        model_ = {};
        world_.emplace();
        reader_ = std::make_unique<Reader>(world_->url());
        // An older version than the first that ever led is never built.
        const int first = up_to(4) == 0 ? 2 : 1;
        start(first);
        EXPECT_TRUE(world_->comes_true("exists (select from set_version)"));
        for (int version = 1; version <= versions; ++version) {
            if (version != first) start(version);
        }
        try {
            for (int i = 0; i < steps && !HasFailure(); ++i) {
                step();
                check();
            }
            if (!HasFailure()) finish();
        } catch (const Error& error) {
            ADD_FAILURE() << error.what();
        }
        std::map<std::string, int> ends;
        for (const auto& [id, promotion] : model_.promotions) ++ends[promotion.state];
        std::cout << "seed " << seed << ": epoch " << model_.epoch << ", promotions";
        for (const auto& [state, count] : ends) std::cout << " " << state << " " << count;
        std::cout << std::endl;
        if (HasFailure()) report();
        reader_.reset();
        running_.clear();
    }
    void report() {
        std::cout << history_;
        for (const Running& running : running_) {
            std::cout << "== v" << running.version << "\n" << running.process->error_output();
        }
    }

    std::mt19937_64 random_;
    std::optional<World> world_;
    std::vector<Running> running_;
    std::unique_ptr<Reader> reader_;
    Model model_;
    std::string history_;
    int started_ = 0;
    int retired_ = 0;  // what the command at hand retired
};

TEST_F(VersionModelTest, RandomLivesOfThreeVersionsKeepEveryPromise) {
    const char* const asked = std::getenv("BATON_MODEL_RUNS");
    const int runs = asked == nullptr ? 2 : std::max(std::atoi(asked), 1);
    for (int i = 0; i < runs && !HasFailure(); ++i) run(seed() + static_cast<std::uint64_t>(i));
}

}  // namespace
}  // namespace baton::testing
