#include "orchestrator/version_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "support/environment.hpp"

namespace baton::testing {
namespace {

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

void expect_none(sql::Transaction& snapshot, const std::string& rows, const std::string& what) {
    EXPECT_EQ(snapshot.exec("select count(*) from (" + rows + ") as r").only().integer(0), 0)
        << what;
}

void expect_sound_log(sql::Transaction& snapshot) {
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

void expect_epochs(sql::Transaction& snapshot, Model& model) {
    expect_none(snapshot,
                "select from (select epoch, lag(epoch, 1, 0::bigint) over (order by"
                " first_position) as former from batch) as b where epoch < former",
                "an epoch wrote after its successor");
    const std::int64_t epoch = snapshot.exec("select epoch from leader").only().integer(0);
    EXPECT_GE(epoch, model.epoch);
    model.epoch = epoch;
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
                " join set_member m on m.view_set = s.view_set and m.set_version = s.version"
                " where (m.member, m.version)::versioned <> all (l.reducers)",
                "a batch was reduced by who does not carry what was live");
}

void expect_views(sql::Transaction& snapshot, const Model& model) {
    const int live = model.live();
    if (live == 0) return;
    const std::string head = "(select coalesce(max(first_position + count - 1), 0) from batch)";
    std::string members;
    std::set<std::string> positions;
    for (const sql::Row row :
         snapshot.exec("select view, version, case state when 'following' then " + head +
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
                    "(" + fold + " except all " + rows + ") union all (" + rows + " except all " +
                        fold + ")",
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

}  // namespace

int Model::live() const {
    for (const auto& [version, state] : states) {
        if (state == "live") return version;
    }
    return 0;
}

bool Model::is_promoting() const {
    return std::ranges::any_of(promotions,
                               [](const auto& p) { return p.second.state == "requested"; });
}

int Model::former() const {
    int best = 0;
    for (const auto& [version, state] : states) {
        if (state != "warm") continue;
        if (best == 0 || warm_since_.at(version) > warm_since_.at(best)) best = version;
    }
    return best;
}

void Model::switch_to(int version) {
    if (const int old = live(); old != 0) {
        states[old] = "warm";
        warm_since_[old] = ++switches_;
    }
    states[version] = "live";
}

void Model::observe(sql::Transaction& snapshot) {
    const int lowest_live = observe_promotions(snapshot);
    if (retired != 0) states[retired] = "retired";
    observe_versions(snapshot, lowest_live);
}

int Model::observe_promotions(sql::Transaction& snapshot) {
    int lowest_live = live();
    for (const sql::Row row : snapshot.exec(
             "select id, versions[1], state, (former[1]).version from promotion order by id")) {
        const auto version = static_cast<int>(row.integer(1));
        Promotion& known = promotions[row.integer(0)];
        const std::string state(row.text(2));
        if (!known.state.empty() && known.state != "requested") {
            EXPECT_EQ(state, known.state) << "promotion " << row.integer(0) << " was over";
        } else if (state == "done") {
            EXPECT_EQ(row.text(3), std::to_string(live()));
            EXPECT_TRUE(states[version] == "building" || states[version] == "warm" ||
                        started.contains(version))
                << version << " was " << states[version];
            EXPECT_NE(states[version], "retired");
            switch_to(version);
            lowest_live = std::min(lowest_live, version);
        }
        known = {version, state};
    }
    return lowest_live;
}

void Model::observe_versions(sql::Transaction& snapshot, int lowest_live) {
    std::map<int, std::string> actual;
    for (const sql::Row row :
         snapshot.exec("select version, state from set_version where view_set = 'books'")) {
        const auto version = static_cast<int>(row.integer(0));
        const std::string state(row.text(1));
        actual[version] = state;
        if (states.contains(version)) continue;
        const bool is_first = states.empty() && state == "live";
        const bool is_newer = state == "building" && version > lowest_live;
        EXPECT_TRUE(started.contains(version) && (is_first || is_newer))
            << "version " << version << " came as " << state;
        states[version] = state;
    }
    EXPECT_EQ(actual, states);
}

void expect_promises(sql::Transaction& snapshot, Model& model) {
    expect_sound_log(snapshot);
    expect_epochs(snapshot, model);
    expect_views(snapshot, model);
}

Reader::Reader(const std::string& url)
    : first_(url, in_test_schema("reader")), second_(url, in_test_schema("late reader")) {}

sql::Transaction& Reader::begin(bool looks) {
    now_.emplace(first_, sql::Isolation::repeatable_read);
    const std::string snapshot(now_->exec("select pg_export_snapshot()").only().text(0));
    later_.emplace(second_, sql::Isolation::repeatable_read);
    later_->exec("set transaction snapshot '" + snapshot + "'");
    looks_ = looks;
    return *now_;
}

void Reader::wait(const Model& model) {
    version_ = model.live();
    if (version_ == 0 || now_->exec("select count(*) from view_state").only().integer(0) != 2) {
        return forget();
    }
    rows_ = std::string(now_->exec(reading).only().text(0));
    if (looks_) {
        EXPECT_EQ(later_->exec(reading).only().text(0), *rows_);
    }
    now_.reset();
}

void Reader::expect_unchanged(const Model& model) {
    try {
        EXPECT_EQ(later_->exec(reading).only().text(0), *rows_)
            << "a snapshot changed that saw version " << version_ << " live";
    } catch (const Error& error) {
        const bool is_gone = model.states.at(version_) == "retired" && !looks_;
        EXPECT_TRUE(is_gone &&
                    std::string(error.what()).find("was retired meanwhile") != std::string::npos)
            << error.what();
    }
    forget();
}

void Reader::forget() {
    now_.reset();
    later_.reset();
    rows_.reset();
}

}  // namespace baton::testing
