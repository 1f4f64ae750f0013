// An orchestrator as a user's program would run one, for tests that kill, stop and starve it.
//
//   orchestrator_program URL SCHEMA NODE [options]
//     --lease MS --poll MS --batch-max N   as in OrchestratorOptions
//     --skip                     skip poisoned events instead of halting
//     --sql FILE                 a SQL reducer; may be given more than once
//     --other-builds             accept another build of a registered version
//     --set NAME VERSION VIEW,VIEW…   a view set; may be given more than once
//     --with-handler NAME VERSION   of the set before it
//     --auto-promote, --rollback-window MS   as in OrchestratorOptions
//     --totals N, --marks N, --other-build, --without-marks, --fixed-marks, --with-origins,
//     --prices N, --old-prices, --fold-takes MS   see ReducerChoice
//
// Exits 0 after SIGTERM or SIGINT, 2 for wrong arguments, 3 with one line for an Error.
//
// Threads: a thread waits for the signals, so that stop() need not be safe in a handler.
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "baton/base/log.hpp"
#include "baton/orchestrator/orchestrator.hpp"
#include "orchestrator/program/reducers.hpp"
#include "support/environment.hpp"

namespace {

struct Arguments {
    baton::OrchestratorOptions options;
    baton::testing::ReducerChoice reducers;
};

// Returns whether the word is one of those that choose reducers.
template <class Number>
bool read_choice(const std::string& word, const Number& number,
                 baton::testing::ReducerChoice& choice) {
    if (word == "--totals") {
        choice.totals = static_cast<int>(number());
    } else if (word == "--marks") {
        choice.marks = static_cast<int>(number());
    } else if (word == "--prices") {
        choice.prices = static_cast<int>(number());
    } else if (word == "--old-prices") {
        choice.old_prices = true;
    } else if (word == "--fold-takes") {
        choice.fold_takes = std::chrono::milliseconds(number());
    } else if (word == "--other-build") {
        choice.other_build = true;
    } else if (word == "--without-marks") {
        choice.without_marks = true;
    } else if (word == "--with-origins") {
        choice.with_origins = true;
    } else if (word == "--fixed-marks") {
        choice.fixed_marks = true;
    } else {
        return false;
    }
    return true;
}

// Throws std::exception where they are wrong.
Arguments read_arguments(const std::vector<std::string>& words) {
    Arguments result;
    result.options.url = words.at(0);
    result.options.schema = words.at(1);
    result.options.node = words.at(2);
    result.options.credentials = baton::testing::test_credentials();
    for (std::size_t i = 3; i < words.size(); ++i) {
        const std::string& word = words[i];
        const auto number = [&] { return std::stoul(words.at(++i)); };
        if (word == "--lease") {
            result.options.lease = std::chrono::milliseconds(number());
        } else if (word == "--poll") {
            result.options.poll = std::chrono::milliseconds(number());
        } else if (word == "--batch-max") {
            result.options.batch_max = number();
        } else if (word == "--skip") {
            result.options.on_poison = [](std::string_view) { return baton::PoisonPolicy::skip; };
        } else if (word == "--sql") {
            result.options.sql_reducers.push_back(baton::sql::read_sql_reducer(words.at(++i)));
        } else if (word == "--other-builds") {
            result.options.other_builds = true;
        } else if (word == "--set") {
            baton::ViewSet& set = result.options.view_sets.emplace_back();
            set.name = words.at(++i);
            set.version = static_cast<int>(number());
            std::istringstream views(words.at(++i));
            for (std::string view; std::getline(views, view, ',');) set.views.push_back(view);
        } else if (word == "--with-handler") {
            baton::SetHandler& handler = result.options.view_sets.back().handlers.emplace_back();
            handler.name = words.at(++i);
            handler.version = static_cast<int>(number());
        } else if (word == "--auto-promote") {
            result.options.auto_promote = true;
        } else if (word == "--rollback-window") {
            result.options.rollback_window = std::chrono::milliseconds(number());
        } else if (word == "--snapshots") {
            result.options.snapshots.every = static_cast<std::int64_t>(number());
            result.options.snapshots.most = static_cast<int>(number());
        } else if (!read_choice(word, number, result.reducers)) {
            throw std::invalid_argument("unknown option " + word);
        }
    }
    return result;
}

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

}  // namespace

int main(int argc, char** argv) {
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    try {
        const std::span<char*> words(argv, static_cast<std::size_t>(argc));
        const Arguments arguments = read_arguments({words.begin() + 1, words.end()});
        const baton::Registry registry = baton::testing::make_registry(arguments.reducers);
        baton::Orchestrator orchestrator(arguments.options, registry);
        std::thread([&signals, &orchestrator] {
            int signal = 0;
            sigwait(&signals, &signal);
            orchestrator.stop();
        }).detach();
        orchestrator.run();
        return 0;
    } catch (const baton::Error& error) {
        std::fprintf(stderr, "orchestrator_program: %s %s\n",
                     std::string(baton::sqlstate_of(error.code())).c_str(), error.what());
        return 3;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "orchestrator_program: %s\n", error.what());
        return 2;
    }
}
