#include "baton/node_agent/handlers.hpp"

#include <algorithm>

#include "baton/base/digest.hpp"
#include "baton/base/text.hpp"

namespace baton {

void Handlers::add(HandlerInfo info, std::string_view shape, std::string_view sources, Runs runs) {
    constexpr std::size_t text_length_max = 128;
    constexpr int version_max = 9999;
    constexpr int batch_max = 1000;  // what one claim may take
    const bool is_apart = bool(runs.apart.begin);
    const int threads_max = is_apart ? 1000 : 256;
    const auto refuse = [&](const std::string& what) {
        throw Error(ErrorCode::handler_invalid, "handler " + json_quoted(info.name) + " version " +
                                                    std::to_string(info.version) + ": " + what);
    };
    if (info.name.empty() || info.name.size() > text_length_max) {
        refuse("the name must have 1 to 128 characters");
    }
    if (info.version < 1 || info.version > version_max) refuse("the version must be 1 to 9999");
    if (info.threads < 1 || info.threads > threads_max) {
        refuse(std::string(is_apart ? "concurrency" : "threads") + " must be 1 to " +
               std::to_string(threads_max));
    }
    if (info.batch < 1 || info.batch > batch_max) refuse("batch must be 1 to 1000");
    for (const std::string& type : info.events) {
        if (type.empty() || type.size() > text_length_max) {
            refuse("an event type must have 1 to 128 characters");
        }
    }
    for (const int version : info.accepts_from) {
        if (version < 1 || version > version_max) {
            refuse("accepts_from must name versions from 1 to 9999");
        }
    }
    for (const HandlerInfo& other : infos_) {
        if (other.name == info.name && other.version == info.version) {
            refuse("added twice; raise the version of the newer one");
        }
    }
    if (info.build.empty()) {
        std::string digested = info.name + '@' + std::to_string(info.version) + '(';
        for (const std::string& type : info.events) digested += type + ',';
        digested.append(")").append(shape);
        for (const int version : info.accepts_from) {
            digested.append("accepts from ").append(std::to_string(version)).append(",");
        }
        if (info.lane_by_key) digested.append("lane by key,");
        if (!info.view.empty()) digested.append("view ").append(info.view).append(info.columns);
        if (!sources.empty()) digested.append("sources ").append(sources);
        info.build = digest_of(digested);
    }
    infos_.push_back(std::move(info));
    runs_.push_back(std::move(runs));
}

namespace node {

void refuse_answers(std::string_view handler, std::size_t answers, std::size_t tasks) {
    throw Error(ErrorCode::handler_invalid,
                "handler " + json_quoted(handler) + " answered for " + std::to_string(answers) +
                    " of " + std::to_string(tasks) +
                    " tasks: give one Outcome for each payload, in their order");
}

Encoded encoded(const RawPayload& payload) {
    thread_local const std::unique_ptr<types::ValueReader> json = types::make_json_reader();
    thread_local const std::unique_ptr<types::ValueReader> msgpack = types::make_msgpack_reader();
    if (payload.content_type.empty()) return {payload.json, *json};
    if (payload.content_type == msgpack_content_type) return {payload.body, *msgpack};
    throw Error(ErrorCode::decode_failed,
                "it is bytes of " + json_quoted(payload.content_type) +
                    ", and no JSON nor msgpack; a handler of RawPayload can read them");
}

}  // namespace node
}  // namespace baton
