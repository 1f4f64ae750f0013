// A view as it was, or as another version of its reducer would have it: the log folded anew, up to
// a position of choice, into a table of the session's own.
//
//   baton::PastView view(connection, {options, registry}, {"monthly_sales", 1}, Position{4000});
//   view.go_to(Position{4000});
//   connection.exec("select * from " + view.table());
//
// Nothing but temporary tables is written: every fold runs in a READ ONLY transaction, so that not
// even a SQL reducer that names its schema could touch what is live. When the session ends,
// everything is gone.
//
// Threads: that of its connection.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "baton/orchestrator/options.hpp"
#include "baton/reducers/registry.hpp"
#include "baton/sql/connection.hpp"

namespace baton {

namespace orchestrator {
class Replay;
}

/// A session of an environment's schema in which views are folded anew; what `_orchestrate` may do
/// is enough. It needs a direct connection, and finds its own tables first.
[[nodiscard]] sql::Connection past_session(const std::string& url, const std::string& schema);

/// The reducers of a program.
struct CarriedReducers {
    const OrchestratorOptions& options;
    const Registry& registry;
};

struct ViewVersion {
    std::string view;
    int version = 0;
};

/// An event that was left out, because its reducer cannot fold it and its policy is to skip.
struct SkippedEvent {
    Position position{};
    std::string reason;
};

class PastView {
public:
    enum class Source : std::uint8_t {
        registered,  ///< As the environment knows the version.
        carried,     ///< As this program has it, whether the environment knows it or not.
    };
    using Progress = std::function<void(Position)>;

    /// Begins with the newest snapshot that is not beyond `at`, or, as what is carried always does,
    /// with no rows. `connection` is a
    /// past_session(); it and `carried` must outlive it. Of one view version there is one at a time
    /// in a session. Throws Error: version_unknown; reducer_invalid (a C++ reducer that this
    /// program does not carry, or a file that cannot be run); build_mismatch (registered with
    /// another build than this program carries; not where the options allow other builds).
    PastView(sql::Connection& connection, const CarriedReducers& carried, ViewVersion which,
             Position at, Source source = Source::registered);
    ~PastView();
    PastView(const PastView&) = delete;
    PastView& operator=(const PastView&) = delete;

    /// Folds the events up to `to`, which is not before position(). `progress` is told where it is
    /// after each page. Throws Error: event_unknown (the log does not go so far, or not so far
    /// back), event_poisoned (with the event, where the policy is not to skip it, or a registered
    /// version is halted before it), event_version_unknown, and what a Transaction throws.
    void go_to(Position to, const Progress& progress = {});

    /// What somebody looks at in the view, as text; and, where the rows say so, by which event it
    /// is so.
    struct Sight {
        std::string text;
        Position position{0};
    };
    using Look = std::function<Sight(sql::Transaction&)>;
    /// Told of an event with which that changed.
    using Tell = std::function<void(Position, const std::string& before, const std::string& after)>;
    /// As go_to(), telling each event with which what `look` sees changed: in pages, of which those
    /// with such an event are folded again in halves. So what came and went within a page, of
    /// thousands of events, is not told: nothing is left of it. Throws what `look` and `tell`
    /// throw, too.
    void watch_to(Position to, const Look& look, const Tell& tell, const Progress& progress = {});

    [[nodiscard]] Position position() const { return position_; }
    /// Its table, quoted.
    [[nodiscard]] std::string table() const;
    /// Its columns, as in reducer_version.columns.
    [[nodiscard]] const std::string& columns() const { return columns_; }
    /// What was left out on the way, by policy or because a person said so for every version;
    /// without what this version is known to have skipped.
    [[nodiscard]] const std::vector<SkippedEvent>& skipped() const { return skipped_; }

private:
    void open(const CarriedReducers& carried, Position at, Source source);
    void require_known(Position to);
    void read_skipped(Position to);
    [[nodiscard]] Sight seen(const Look& look);
    /// Throws Error(event_unknown) where the log does not go so far.
    void require_reached(Position to);
    /// Folds at most so many events.
    void fold_page(std::size_t limit);
    void leave_out(Position position, const std::string& reason, const std::exception_ptr& set_up);

    sql::Connection& connection_;
    const OrchestratorOptions& options_;
    const ViewVersion which_;
    std::string columns_;
    std::unique_ptr<orchestrator::Replay> replay_;
    bool is_registered_ = false;  // with the build that is folded here
    Position position_{0};
    std::set<Position> left_out_;
    std::vector<SkippedEvent> skipped_;
};

}  // namespace baton
