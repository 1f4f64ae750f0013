#include "past_session.hpp"

#include <algorithm>

#include "baton/base/error.hpp"
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
    const sql::Result live =
        transaction.exec("select version from view_state where view = $1", {view});
    if (!live.empty()) return static_cast<int>(live[0].integer(0));
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
    const auto from = static_cast<double>(view.position());
    const auto end = static_cast<double>(to);
    view.go_to(to, [&](Position at) {
        const auto position = static_cast<double>(at);
        bar.show((position - from) / std::max(end - from, 1.0),
                 "at " + text_of(at) + " of " + text_of(to));
    });
}

std::string text_of(Position position) {
    return std::to_string(static_cast<std::int64_t>(position));
}

}  // namespace baton::cli
