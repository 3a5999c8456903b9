// Calls a sandbox without sockets: a method, a path and a body in, a status and a parsed body out.

#pragma once

#include "api/sandbox/sandbox.hpp"
#include "state/model/json.hpp"
#include "state/model/path.hpp"

#include <doctest/doctest.h>

#include <string>

namespace trueup {

// What came back.
struct Called {
    int status = 0;
    Value body; // null when there was none
    HttpResponse response;

    // The value at a path of the body, such as "listmeta.count"; null when it is not there.
    Value at(const std::string& path) const
    {
        const auto parsed = Path::parse(path);
        const Value* found = parsed ? find(body, *parsed) : nullptr;
        return found != nullptr ? *found : Value{};
    }
    std::string text(const std::string& path) const { return at(path).string_or_empty(); }
    std::string uid() const { return text("uid"); }
    const List& items(const std::string& path = "items") const
    {
        static const List none;
        const auto parsed = Path::parse(path);
        const Value* found = parsed ? find(body, *parsed) : nullptr;
        return found != nullptr && found->if_list() != nullptr ? *found->if_list() : none;
    }
};

class SandboxCaller {
public:
    explicit SandboxCaller(SandboxOptions options = {}) : sandbox(make_sandbox(std::move(options)))
    {
    }

    Called call(const std::string& method, const std::string& target, const std::string& body = "")
    {
        HttpRequest request;
        request.method = method;
        request.target = target;
        request.body = body;
        if (!key.empty())
            request.headers.emplace_back("ApiKey", key);
        if (!authorization.empty())
            request.headers.emplace_back("authorization", authorization);
        if (!project.empty())
            request.headers.emplace_back("ProjectUid", project);
        Called called;
        called.response = sandbox->handle(request, now);
        called.status = called.response.status;
        if (!called.response.body.empty()) {
            auto parsed = json::parse(called.response.body);
            REQUIRE(parsed);
            called.body = std::move(*parsed);
        }
        if (observe)
            observe(request, called.response);
        return called;
    }

    Called get(const std::string& target) { return call("GET", target); }
    Called post(const std::string& target, const std::string& body = "{}")
    {
        return call("POST", target, body);
    }
    Called put(const std::string& target, const std::string& body)
    {
        return call("PUT", target, body);
    }
    Called patch(const std::string& target, const std::string& body = "")
    {
        return call("PATCH", target, body);
    }
    Called remove(const std::string& target, const std::string& body = "")
    {
        return call("DELETE", target, body);
    }
    // Creates and gives the uid; the test ends when the sandbox refuses.
    std::string create(const std::string& target, const std::string& body)
    {
        const Called called = post(target, body);
        CAPTURE(called.response.body);
        REQUIRE(called.status == 201);
        return called.uid();
    }
    std::string create_project(const std::string& name)
    {
        return create("/v1/projects", R"({"metadata":{"name":")" + name + R"("},"spec":{}})");
    }

    std::unique_ptr<Sandbox> sandbox;
    std::string key = "sandbox";
    std::string authorization;
    std::string project;
    WallTime now{std::chrono::milliseconds(1'772'366'400'000)}; // 2026-03-01T12:00:00Z
    std::function<void(const HttpRequest&, const HttpResponse&)> observe;
};

} // namespace trueup
