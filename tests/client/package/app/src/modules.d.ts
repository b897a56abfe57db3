// What the README uses of React Native's packages, with the types that they have: async-storage 3.1, netinfo 12.0,
// expo-crypto 57, expo-file-system 58, react-native 0.88.
declare module "@react-native-async-storage/async-storage" {
  interface AsyncStorage {
    getItem(key: string): Promise<string | null>;
    setItem(key: string, value: string): Promise<void>;
    removeItem(key: string): Promise<void>;
  }
  const storage: AsyncStorage;
  export default storage;
}

declare module "@react-native-community/netinfo" {
  interface NetInfoState {
    isConnected: boolean | null;
    isInternetReachable: boolean | null;
  }
  const netInfo: { addEventListener(listener: (state: NetInfoState) => void): () => void };
  export default netInfo;
}

declare module "expo-crypto" {
  export function randomUUID(): string;
}

declare module "expo-file-system" {
  interface UploadOptions {
    httpMethod?: "POST" | "PUT" | "PATCH";
    headers?: Record<string, string>;
    onProgress?: (data: { bytesSent: number; totalBytes: number }) => void;
    signal?: AbortSignal;
  }
  export class File {
    constructor(...uris: string[]);
    upload(url: string, options?: UploadOptions): Promise<{ body: string; status: number; headers: Record<string, string> }>;
  }
}

declare module "react-native" {
  type AppStateStatus = "inactive" | "background" | "active" | "extension" | "unknown";
  export const AppState: {
    currentState: string | null | undefined;
    addEventListener(type: "change", listener: (state: AppStateStatus) => void): { remove(): void };
  };
}
