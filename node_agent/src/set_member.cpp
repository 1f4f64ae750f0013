#include "baton/node_agent/set_member.hpp"

#include "baton/base/text.hpp"

namespace baton {

void SetMember::append(std::string& array, std::string_view json) {
    if (array.size() > 1) array += ",";
    array += json;
}

void SetMember::add_event(const NewEvent& event) {
    std::string json = R"({"type":)" + json_quoted(event.type) + R"(,"payload":)" + event.payload +
                       R"(,"schema_version":)" + std::to_string(event.schema_version);
    if (event.key) json += R"(,"key":)" + json_quoted(*event.key);
    if (event.tenant) json += R"(,"tenant":)" + json_quoted(*event.tenant);
    if (event.meta) json += R"(,"meta":)" + *event.meta;
    append(events_, json + "}");
}

void SetMember::add_task(std::string_view handler, std::string_view payload, int schema_version) {
    append(tasks_, R"({"handler":)" + json_quoted(handler) + R"(,"payload":)" +
                       std::string(payload) + R"(,"schema_version":)" +
                       std::to_string(schema_version) + "}");
}

}  // namespace baton
