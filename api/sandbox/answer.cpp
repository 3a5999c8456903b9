#include "api/sandbox/answer.hpp"

namespace trueup::sandbox {

Answer shown(Value body)
{
    Answer answer;
    answer.body = std::move(body);
    return answer;
}

Answer written(int status)
{
    Answer answer;
    answer.status = status;
    answer.wrote = true;
    return answer;
}

Answer created(const std::string& uid)
{
    Answer answer = written(201);
    answer.body = Map{{"uid", uid}};
    return answer;
}

Answer refusal(int status, const std::string& code, const std::string& message)
{
    Answer answer;
    answer.status = status;
    answer.body = Map{{"code", code}, {"details", Map{}}, {"message", message}, {"ref", ""}};
    return answer;
}

Answer bad_field(const std::string& field, const std::string& reason)
{
    Answer answer = refusal(400, "InvalidRequest", "the field '" + field + "' " + reason);
    answer.body->if_map()->set("details", Map{{"field", field}, {"reason", reason}});
    return answer;
}

Answer not_found(const std::string& what)
{
    return refusal(404, "ResourceNotFound", what + " not found");
}

Answer forbidden(const std::string& why)
{
    return refusal(403, "OperationForbidden", why);
}

} // namespace trueup::sandbox
