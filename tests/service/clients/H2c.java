import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** Sends method, URL, token and body with Java's HttpClient, which offers h2c; prints status and body. */
public class H2c {
    public static void main(String[] arguments) throws Exception {
        var body = arguments[3];
        // Without a known length it is sent in chunks.
        var publisher = arguments.length > 4
            ? BodyPublishers.fromPublisher(BodyPublishers.ofString(body))
            : BodyPublishers.ofString(body);
        var request = HttpRequest.newBuilder(URI.create(arguments[1]))
            .method(arguments[0], publisher)
            .header("Authorization", "Bearer " + arguments[2])
            .header("Content-Type", "application/json")
            .build();
        var client = HttpClient.newHttpClient();
        for (int i = 0; i < 2; i++) {
            var response = client.send(request, BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.body());
        }
    }
}
