#include "past_session.hpp"

#include <algorithm>

#include "baton/base/error.hpp"
#include "baton/sql/versions.hpp"
#include "orchestrating.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace baton::cli {
namespace {

sql::Connection session_of(const environments::Environment& environment) {
    // It says where the URL came from if the server cannot be reached.
    static_cast<void>(connect(environment, Access::write));
    return past_session(environment.url.value, environment.schema());
}

PastView::Progress shown_by(const ProgressBar& bar, Position from, Position to) {
    return [&bar, from, to](Position at) {
        const auto first = static_cast<double>(from);
        bar.show((static_cast<double>(at) - first) / std::max(static_cast<double>(to) - first, 1.0),
                 "at " + text_of(at) + " of " + text_of(to));
    };
}

}  // namespace

PastSession::PastSession(Invocation& invocation)
    : app_(invocation.app),
      environment_(invocation.load()),
      options_(fold_options(environment_)),
      connection_(session_of(environment_)) {}

void PastSession::load_files(const std::string& file) {
    options_.sql_reducers = file.empty()
                                ? orchestrator_options(app_, environment_, {}).sql_reducers
                                : std::vector<sql::SqlReducer>{sql::read_sql_reducer(file)};
}

int PastSession::live_version(const std::string& view) {
    sql::Transaction transaction(connection_);
    if (const auto live = sql::read_live_version(transaction, view)) return *live;
    require_view(transaction, view);
    throw Error(ErrorCode::view_unknown,
                "view " + view + " has no live version; say which with --version");
}

int PastSession::carried_version(const std::string& view) const {
    for (const ReducerInfo& info : app_.registry().reducers()) {
        if (info.name == view) return info.version;
    }
    for (const sql::SqlReducer& reducer : options_.sql_reducers) {
        if (reducer.name == view) return reducer.version;
    }
    refuse("this program carries no reducer " + view);
}

std::unique_ptr<PastView> PastSession::open(const Wanted& wanted, Position at) {
    const int version =
        wanted.version ? static_cast<int>(*wanted.version) : live_version(wanted.view);
    return std::make_unique<PastView>(connection_, CarriedReducers{options_, app_.registry()},
                                      ViewVersion{wanted.view, version}, at);
}

std::unique_ptr<PastView> PastSession::open_carried(const ViewVersion& which, Position at) {
    return std::make_unique<PastView>(connection_, CarriedReducers{options_, app_.registry()},
                                      which, at, PastView::Source::carried);
}

void PastSession::travel(PastView& view, Position to) {
    const ProgressBar bar;
    view.go_to(to, shown_by(bar, view.position(), to));
}

void PastSession::watch(PastView& view, Position to, const PastView::Look& look,
                        const PastView::Tell& tell) {
    const ProgressBar bar;
    view.watch_to(to, look, tell, shown_by(bar, view.position(), to));
}

std::string text_of(Position position) {
    return std::to_string(static_cast<std::int64_t>(position));
}

}  // namespace baton::cli
