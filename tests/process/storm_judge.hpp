// Sits in the server of the kill storm and judges every call that changed something: was it a
// second object of one name, a delete that nothing declared, a write that no edit gave cause for,
// or a hand laid on what is not ours?
//
// It knows only what passed by: requests and their answers.

#pragma once

#include "api/http/server.hpp"
#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "tests/process/storm_audit.hpp"
#include "tests/process/storm_world.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace trueup::test {

class StormJudge {
public:
    // `world` is what is declared at the time of each call, and outlives the judge.
    explicit StormJudge(const StormWorld& world) : world_(world) {}

    void protect(const std::string& uid) { foreign_.insert(uid); }

    // Called after the request had its effect.
    void see(const HttpRequest& request, const HttpResponse& response)
    {
        if (request.method == "GET" || response.status < 200 || response.status >= 300)
            return;
        const std::string path = request.target.substr(0, request.target.find('?'));
        if (path.starts_with("/v1/dashboard/"))
            return; // lists that are asked for by POST
        ++writes;
        for (const std::string& uid : foreign_)
            if (path.find(uid) != std::string::npos)
                faults.push_back(request.method + " of an object that is not ours: " + path);
        std::string uid = uid_in(path);
        if (request.method == "POST" && !kind_of(path).empty())
            uid = created(path, request, response);
        if (const auto object = live_.find(uid); object != live_.end()) {
            StormEffect effect;
            effect.trace = response.header("AuditUid");
            effect.address = address_of(object->second);
            effect.method = request.method;
            effect.life = life;
            traces.insert(effect.trace);
            effects.push_back(std::move(effect));
            if (request.method != "DELETE")
                check_cause(object->second, request);
        } else if (request.method != "DELETE") {
            faults.push_back(request.method + " of what nobody created: " + path);
        }
        if (request.method == "DELETE")
            removed(path);
    }

    // Everything is as declared, and no process runs.
    void settle()
    {
        effects.clear();
        settled_life_ = life;
        settled_.clear();
        for (const auto& [uid, object] : live_)
            if (const StormItem* item = world_.find(object.key))
                settled_[object.key] = *item;
    }

    struct Object {
        std::string key; // as StormItem::key
        std::string kind;
        std::string project_uid;
        std::string name;
        std::string shape;
    };

    // Everything that was created and not deleted, by uid.
    const std::map<std::string, Object>& live() const { return live_; }

    std::vector<StormEffect> effects; // since all was settled last
    std::set<std::string> traces;     // since the beginning
    std::size_t life = 0;             // written by whoever starts a process

    std::size_t writes = 0;
    std::size_t creates = 0, deletes = 0, replaces = 0;
    std::size_t duplicates = 0;
    std::vector<std::string> faults;

private:
    static std::string text_at(const Value& value, const char* path)
    {
        const Value* found = trueup::find(value, *Path::parse(path));
        return found != nullptr ? found->string_or_empty() : std::string();
    }
    static std::string kind_of(const std::string& path)
    {
        static const std::map<std::string, std::string> kinds{
            {"/v1/roles", "Role"},
            {"/v1/filters/tag", "TagFilter"},
            {"/v1/cloudaccounts/aws", "CloudAccountAws"},
            {"/v1/clusterprofiles", "ClusterProfile"},
            {"/v1/projects", "Project"}};
        const auto it = kinds.find(path);
        return it != kinds.end() ? it->second : std::string();
    }
    static std::string project_of(const HttpRequest& request)
    {
        for (const Header& header : request.headers)
            if (header.name == "ProjectUid")
                return header.value;
        return {};
    }

    static std::string address_of(const Object& object)
    {
        const std::size_t project = object.kind.size() + 1;
        const std::size_t name = object.key.rfind('/');
        const std::string scope = object.key.substr(project, name - project);
        return object.kind + "/" + (scope.empty() ? "tenant" : scope) + "/" + object.name +
               (object.kind == "ClusterProfile" ? "@1.0.0" : "");
    }
    // Of the object that a call is about.
    std::string uid_in(const std::string& path) const
    {
        std::istringstream parts(path);
        for (std::string part; std::getline(parts, part, '/');)
            if (live_.contains(part))
                return part;
        return {};
    }

    // A publish belongs to the write before it. A process that was killed with that intent open may
    // have made the write or not: the next one publishes, whatever is declared by then.
    bool is_owed(const HttpRequest& request) const
    {
        const std::string path = request.target.substr(0, request.target.find('?'));
        return path.ends_with("/publish") && life > settled_life_ + 1;
    }

    // E: what a plan can have announced follows from an edit since everything was as declared.
    void check_cause(const Object& object, const HttpRequest& request)
    {
        const std::string what = request.method + " for " + object.key;
        const StormItem* declared = world_.find(object.key);
        const auto before = settled_.find(object.key);
        if (declared == nullptr) {
            if (!is_owed(request))
                faults.push_back("E: " + what + ", which is not declared");
            return;
        }
        if (before != settled_.end() && before->second.variant == declared->variant &&
            before->second.shape == declared->shape)
            faults.push_back("E: " + what + ", which nobody edited");
        const auto body = json::parse(request.body);
        const std::string variant = body ? text_at(*body, "metadata.labels.variant") : "";
        if (!variant.empty() && variant != std::to_string(declared->variant))
            faults.push_back("E: " + what + " with what is not declared");
    }

    // The uid of what was made.
    std::string
    created(const std::string& path, const HttpRequest& request, const HttpResponse& response)
    {
        Object object;
        object.kind = kind_of(path);
        const auto body = json::parse(request.body);
        const auto answer = json::parse(response.body);
        if (object.kind.empty() || !body || !answer)
            return {};
        object.project_uid = object.kind == "Project" ? "" : project_of(request);
        object.name = text_at(*body, "metadata.name");
        object.shape = text_at(*body,
                               object.kind == "TagFilter" ? "spec.filterGroup.conjunction"
                                                          : "spec.template.type");
        const auto project = live_.find(object.project_uid);
        object.key = object.kind + "/" + (project != live_.end() ? project->second.name : "") +
                     "/" + object.name;
        const std::string uid = text_at(*answer, "uid");
        ++creates;
        for (const auto& [other_uid, other] : live_) {
            if (other.kind != object.kind || other.project_uid != object.project_uid ||
                other.name != object.name)
                continue;
            // A replace that creates first has two of them for a while, and only then.
            if (object.shape != other.shape && object.kind == "TagFilter") {
                ++replaces;
                continue;
            }
            ++duplicates;
            faults.push_back("a duplicate of " + object.key);
        }
        live_[uid] = std::move(object);
        return uid;
    }

    void removed(const std::string& path)
    {
        const std::string uid = path.substr(path.rfind('/') + 1);
        const auto it = live_.find(uid);
        if (it == live_.end()) {
            faults.push_back("a delete of what nobody created: " + path);
            return;
        }
        const Object& object = it->second;
        const StormItem* declared = world_.find(object.key);
        // Declared as it is: only another object of the same key makes the delete of this one right
        // (a replace that was taken back half way).
        const bool wanted =
            declared != nullptr && shape_text(object.kind, declared->shape) == object.shape;
        if (wanted && siblings(object) < 2)
            faults.push_back("a delete of what is declared: " + object.key);
        ++deletes;
        live_.erase(it);
    }

    std::size_t siblings(const Object& object) const
    {
        return static_cast<std::size_t>(std::ranges::count_if(
            live_, [&](const auto& entry) { return entry.second.key == object.key; }));
    }

    const StormWorld& world_;
    std::set<std::string> foreign_;
    std::map<std::string, Object> live_;
    std::size_t settled_life_ = 0;
    std::map<std::string, StormItem> settled_; // what was declared when all was settled last
};

} // namespace trueup::test
