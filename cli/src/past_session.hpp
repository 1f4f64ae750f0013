// What `view --at`, `diff`, `replay`, `bisect` and `explain` share: a session in which views are
// folded anew, and how it is shown that this takes its time.
//
// Threads: the main thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "baton/orchestrator/past_view.hpp"
#include "command_line.hpp"

namespace baton::cli {

class PastSession {
public:
    /// With the reducers of this program; those of SQL files are for load_files().
    explicit PastSession(Invocation& invocation);

    /// A candidate's file, or, if that is empty, those of the program and of the environment's
    /// file.
    void load_files(const std::string& file);

    struct Wanted {
        std::string view;
        std::optional<std::int64_t> version;  ///< None: the live one.
    };
    /// Throws as PastView, and Error(view_unknown).
    [[nodiscard]] std::unique_ptr<PastView> open(const Wanted& wanted, Position at);
    /// This program's own version of a view, whether it is known here or not.
    [[nodiscard]] std::unique_ptr<PastView> open_carried(const ViewVersion& which, Position at);
    /// Folds up to `to`, and shows a bar on a terminal. Throws as PastView::go_to().
    static void travel(PastView& view, Position to);

    /// Likewise, as PastView::watch_to().
    static void watch(PastView& view, Position to, const PastView::Look& look,
                      const PastView::Tell& tell);

    /// Throws Error(view_unknown), also where the view has no live version.
    [[nodiscard]] int live_version(const std::string& view);
    /// The version of `view` that this program carries. Throws Error(usage) where there is none.
    [[nodiscard]] int carried_version(const std::string& view) const;

    [[nodiscard]] sql::Connection& connection() { return connection_; }
    [[nodiscard]] const OrchestratorOptions& options() const { return options_; }

private:
    const App& app_;
    environments::Environment environment_;
    OrchestratorOptions options_;
    sql::Connection connection_;
};

/// A position as people read it.
[[nodiscard]] std::string text_of(Position position);

}  // namespace baton::cli
