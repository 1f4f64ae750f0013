// Workflows in C++: handlers that follow from each other, where what one gives is what the next one
// takes, and the compiler sees to that. docs/workflows.md has what else a workflow can be.
//
//   app.add_workflow<Reserve, Charge, Ship>("order", 1);
//
// Threads: values only.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "baton/base/text.hpp"
#include "baton/node_agent/check_handler.hpp"
#include "baton/types/codec.hpp"

namespace baton {

/// What define_workflow() gets: a node says it once it has registered its handlers.
struct Workflow {
    std::string name;
    int version = 0;
    std::string steps;                      ///< JSON, as define_workflow() takes it.
    std::string on_failure = "compensate";  ///< Or hold.
};

namespace node {

template <class H>
concept HasResult = requires {
    typename H::Result;
};
template <class H>
concept HasUndo = requires {
    typename H::Undo;
};

/// What handle() returns.
template <class H>
struct Answer {
    using P = typename PayloadOf<H>::type;
    static auto of() {
        if constexpr (HandlesWithContext<H, P>) {
            return std::type_identity<decltype(std::declval<const H&>().handle(
                std::declval<const P&>(), std::declval<TaskContext&>()))>{};
        } else {
            return std::type_identity<decltype(std::declval<const H&>().handle(
                std::declval<const P&>()))>{};
        }
    }
    using type = typename decltype(of())::type;
};

/// What a step gives: its Result, or what its handle() returns.
template <class H>
struct ResultOf {
    using type = typename Answer<H>::type;
};
template <HasResult H>
struct ResultOf<H> {
    using type = typename H::Result;
};

template <class Step, class Next>
constexpr bool check_follows() {
    using Takes = typename PayloadOf<Next>::type;
    constexpr bool fits =
        std::same_as<Takes, RawPayload> || std::same_as<typename ResultOf<Step>::type, Takes>;
    static_assert(fits,
                  "a step of a workflow takes what the step before it gives: the Payload of the "
                  "later handler has to be the struct that handle() of the former one returns (or "
                  "its Result, where that returns a baton::Outcome)");
    return fits;
}

template <class... Steps>
struct StepList;
template <class Last>
struct StepList<Last> {
    static constexpr bool is_sound = check_handler<Last>();
};
template <class First, class Second, class... More>
struct StepList<First, Second, More...> {
    static constexpr bool is_sound = check_handler<First>() && check_follows<First, Second>() &&
                                     StepList<Second, More...>::is_sound;
};

template <class Step>
[[nodiscard]] std::string step_json() {
    std::string json = R"({"handler":)" + json_quoted(Step::name) + R"(,"version":)" +
                       std::to_string(Step::version);
    if constexpr (HasUndo<Step>) {
        static_assert(check_handler<typename Step::Undo>());
        json += R"(,"undo":)" + json_quoted(Step::Undo::name) + R"(,"undo_version":)" +
                std::to_string(Step::Undo::version);
    }
    return json + "}";
}

}  // namespace node

/// A workflow of these handlers, one after the other. A handler with `using Undo = …;` is undone by
/// that one. They are added by themselves, too.
template <class... Steps>
requires(sizeof...(Steps) > 0) [[nodiscard]] Workflow
    workflow_of(std::string name, int version, std::string on_failure = "compensate") {
    Workflow made{std::move(name), version, {}, std::move(on_failure)};
    if constexpr (node::StepList<Steps...>::is_sound) {
        ((made.steps += (made.steps.empty() ? "[" : ",") + node::step_json<Steps>()), ...);
        made.steps += "]";
    }
    return made;
}

}  // namespace baton
