import com.nimbusds.oauth2.sdk.ParseException;
import com.nimbusds.oauth2.sdk.util.JSONObjectUtils;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.minidev.json.JSONObject;

/** What the test and this program tell each other: one JSON document a line. */
final class Conversation {
    private static final BufferedReader LINES = new BufferedReader(new InputStreamReader(System.in));

    private Conversation() {}

    static JSONObject settings() throws ParseException {
        return JSONObjectUtils.parse(System.getenv("RELYING_PARTY"));
    }

    static void say(String name, Object value) {
        System.out.println(new JSONObject(Map.of(name, value)).toJSONString());
    }

    static JSONObject ask(String name, String value) throws IOException, ParseException {
        say(name, value);
        return JSONObjectUtils.parse(LINES.readLine());
    }

    /** The form that a browser was made to post, as the library reads it. */
    static Map<String, List<String>> posted(JSONObject back) {
        var found = new HashMap<String, List<String>>();
        ((Map<?, ?>) back.get("posted")).forEach((name, value) -> found.put((String) name, List.of((String) value)));
        return found;
    }
}
