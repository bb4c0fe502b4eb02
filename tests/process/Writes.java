import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** Writes tasks below a URL with Java's own client as it comes: it asks for HTTP/2 with each request. */
class Writes {
    public static void main(String[] arguments) throws Exception {
        String tasks = arguments[0];
        String authorization = arguments[1];
        var one = tasks + "/" + arguments[2];
        String[][] requests = {
            {"GET", tasks, ""},
            {"POST", tasks, "{\"title\": \"Buy milk\"}"},
            {"PUT", one, "{\"title\": \"Buy bread\"}"},
            {"PATCH", one + "/complete", "{\"completed\": true}"},
            {"DELETE", one, ""},
        };
        for (String[] each : requests) {
            // A client of its own each time, so that each request is the first on its connection.
            var request = HttpRequest.newBuilder(URI.create(each[1]))
                .header("Authorization", authorization)
                .header("Content-Type", "application/json")
                .method(each[0], each[2].isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(each[2]))
                .build();
            var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
            System.out.println(each[0] + " " + answer.statusCode() + " " + answer.body());
        }
    }
}
